/* The writes: what each makes of the record. What it requires is in rules.pml, and where it is made in refresh.pml. */

inline newGeneration() {
  g.generation++; g.nonce = NOBODY;
  asked = false; reported = false; doubted = false; unheard = false
}

/* The lease of whoever had the attempt is over; when that is, nothing tells. */
inline takeAttempt() {
  assert(!penalty);                                                                                          /* P: silence in a penalty */
  if :: TAKEN -> LEASE_ENDS :: else fi;
  asked = asked && !LEASE_RAN_OUT;
  g.attempt = ME; g.nonce = NOBODY;
  connection = g.connection; generation = g.generation; session = g.session; token = g.token
}

inline beginRefresh() {
  takeAttempt(); task = refresh;
  g.sent = (g.sent == NOBODY -> ME : g.sent)
}

inline beginRevocation() { takeAttempt(); task = revocation; bought = token; maybeSpent = MAYBE_SPENT }

inline beginRetired() {
  takeAttempt(); task = ending; session = 1; token = 1;
  do
  :: (g.retired & BIT(session, token)) == 0 && token < TOKENS -> token++
  :: (g.retired & BIT(session, token)) == 0 && token == TOKENS -> session++; token = 1
  :: else -> break
  od;
  bought = token; maybeSpent = (g.spent & BIT(session, token)) != 0
}

inline commit() {
  assert(g.connection != revokedConnection);                                                                 /* P: revoke wins */
  newGeneration();
  g.state = Active; g.session = session; g.token = bought; lastStored[session] = bought;
  g.attempt = NOBODY; g.sent = NOBODY; g.refusal = false; g.promised = true; g.withdrawn = false;
  COMMIT_TOO
}

inline retire() {
  g.retired = g.retired | BIT(session, bought); g.nonce = NOBODY;
  if :: MINE -> g.attempt = NOBODY; g.sent = NOBODY :: else fi
}

inline refuse() {
  g.refusal = true; doubted = true; g.attempt = NOBODY; g.sent = NOBODY; g.nonce = NOBODY
}

/* The keeper's own holds only forbid, so they are left out: a hold is a penalty. */
inline defer() {
  g.nonce = NOBODY;
  if :: answer == limited -> g.held = true; penalty = true :: else fi;
  if
  :: MINE ->
     g.attempt = NOBODY;
     if :: DEFER_CLEARS_SENT -> g.sent = NOBODY :: else fi;
     if :: answer == limited && PROLONGS -> g.promised = true :: else fi
  :: else
  fi
}

inline release() {
  if :: MINE && g.sent == ME -> g.sent = NOBODY :: else fi;
  if :: MINE -> g.attempt = NOBODY :: else fi;
  g.nonce = NOBODY
}

inline toRevoked() {
  g.state = Revoked; g.token = 0; g.attempt = NOBODY; g.sent = NOBODY; g.promised = false; g.nonce = NOBODY
}

inline settleRetired() {
  if :: answer == ended -> g.retired = g.retired & ~BIT(session, token) :: else fi;
  if :: answer == limited -> g.held = true; penalty = true :: else fi;
  if :: MINE -> g.attempt = NOBODY :: else fi;
  g.spent = g.spent & g.retired; g.nonce = NOBODY
}

inline revoke() {
  revokedConnection = g.connection;
  REVOKE_RAISES_GENERATION;
  g.state = Revoking; g.refusal = false; g.promised = false; g.withdrawn = false
}

/* `kinship`: what the new session is to the one before, and whether the keeper can tell. */
inline connect() {
  if :: !TOLD_APART(1, 2) -> g.retired = 0; g.spent = 0 :: else fi;
  if
  :: g.token != 0 && RETIRES_REPLACED ->
     g.spent = (g.sent == NOBODY -> g.spent : g.spent | BIT(g.session, g.token));
     g.retired = g.retired | BIT(g.session, g.token)
  :: else
  fi;
  newGeneration();
  if :: kinship != same -> g.session = 2 :: else -> used[1] = false fi;
  current[g.session]++;
  g.token = current[g.session]; lastStored[g.session] = g.token;
  g.state = Active; g.connection++; g.claimed = false; g.refusal = false;
  g.promised = g.sent == NOBODY && g.attempt == NOBODY; g.withdrawn = !g.promised;
  g.attempt = NOBODY; g.sent = NOBODY
}

inline withdraw() { newGeneration(); g.state = Revoked; g.token = 0; g.sent = NOBODY; g.promised = false }

inline condemn() {
  assert(!alive[g.session]);                                                                                 /* P: death needs proof */
  g.state = Reauthorize; g.refusal = false; g.nonce = NOBODY
}

inline tryAgain() {
  g.state = Active; g.refusal = false; WITHDRAWS_PROMISE; g.withdrawn = true; g.nonce = NOBODY; asked = false
}

/* The record is deleted a long time after its end. */
inline forget() {
  g.state = Absent; g.generation = 0; g.session = 0; g.attempt = NOBODY; g.sent = NOBODY; g.withdrawn = false; g.nonce = NOBODY
}
