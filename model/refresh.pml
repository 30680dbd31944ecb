/*
 * The refresh protocol of one grant: its record, its workers, the provider, the people, and time. See README.md.
 *
 * A write is one d_step labelled W_...: a compare-and-set that decides anew on every conflict acts as if it had read, decided and
 * written in the instant in which it lands. A property is an assertion on a line that ends in its name, P: ...
 */
#include "rules.pml"

mtype = { Absent, Active, Reauthorize, Revoking, Revoked };   /* states of the record */
mtype = { rotated, refused, limited, unknown, ended };        /* answers of the provider */
mtype = { refresh, revocation, ending };                      /* tasks that call the provider */
mtype = { alone, toldApart, notTold, same, anothers };        /* what a second connection's session is to the first one's */

typedef Grant {
  mtype state = Active;
  byte connection = 1, generation = 1;
  byte session = 1, token = 1;     /* the n-th refresh token of a session, and the access token that came with it */
  byte attempt, sent;              /* ids: who has the attempt, who set `sent` */
  bool promised = true;            /* now < cacheUntil */
  bool withdrawn;                  /* cacheUntil = 0 */
  bool held, refusal, claimed = true;
  int retired, spent;              /* sets of tokens, see BIT; `spent`: those that may be */
  byte nonce;                      /* whose write made this version, while that one has not heard so */
};
Grant g;

/* The provider: by session. */
byte current[3] = 1;
bool alive[3] = true;
bool used[3];                      /* the current access token was used: the token before it is not replayed any more */
byte strayToken, straySession;     /* a refresh that nobody listens to any more, still on its way */

/* What may still happen. */
byte faults = FAULTS, needs = NEEDS, reports = REPORTS, revokes = REVOKES, connects = CONNECTS;
byte kills = KILLS, doubts = DOUBTS, reinstatements = REINSTATEMENTS;
byte leases = LEASES;              /* how often the lease of a worker that lives may run out; by default without end */
byte busy;                         /* set of workers */

/* Known to the properties only. */
mtype kinship = alone;
byte revokedConnection, lastStored[3] = 1, inHand;
bool penalty, reported, doubted, asked, unheard, killed[3];

#include "provider.pml"
#include "writes.pml"

/* The answer of a write that landed may get lost. The client tries again, fails its own condition, and looks at the nonce. */
#define answerMayBeLost(step) if :: true :: faults > 0 -> faults--; g.nonce = ME; goto step fi

/* The invocation is over. Ids are never used again; so that they stay few, one that is over becomes GONE's. */
inline leave() {
  d_step {
    if :: g.attempt == ME -> g.attempt = GONE :: else fi;
    if :: g.sent == ME -> g.sent = GONE :: else fi;
    superseded()
  }
}

inline superseded() {
  if :: g.nonce == ME -> g.nonce = NOBODY :: else fi;
  inHand = inHand - (task == refresh && answer == rotated);
  busy = busy & ~MY_BIT;
  task = 0; answer = 0; connection = 0; generation = 0; session = 0; token = 0; bought = 0; maybeSpent = false
}

inline mayCrash() {
  if :: true :: faults > 0 -> faults--; goto crash fi
}

inline call() {
  if :: task == refresh -> goto ask :: else -> goto tell fi
}

/* The caller uses what it is given at once: that is the worst. */
inline handOut(s, t) {
  assert(t <= lastStored[s]);                                                                                /* P: stored before served */
  assert(killed[s] || (alive[s] && t == current[s]));                                                        /* P: no dead token served */
  used[s] = true;
  checkStored()
}

inline serve() {
  assert(g.connection != revokedConnection);                                                                 /* P: revoke wins */
  assert(g.sent == NOBODY && !doubted);                                                                      /* P: unknown means silence */
  session = g.session; bought = g.token;
  handOut(session, bought);
  session = 0; bought = 0
}

active [REFRESHERS] proctype Worker() {
  mtype task, answer;
  byte connection, generation, session, token;   /* what was read when the attempt was taken */
  byte bought;                                   /* the token of the answer */
  bool maybeSpent;

end_idle:
  atomic {
    if
    :: FREE && DUE && !g.held ->
       W_beginSweep: d_step { beginRefresh() }
    :: FREE && DUE && !GETTER_HELD ->
       W_beginGetter: d_step { beginRefresh() }
    :: FREE && REPORTABLE && !g.held ->
       W_beginReported: d_step { beginRefresh(); reports--; reported = true }
    :: FREE && g.state == Revoking && !g.held && !OTHERS_SESSION ->
       W_beginRevocation: d_step { beginRevocation() }
    :: FREE && g.state == Revoking && OTHERS_SESSION ->
       W_revokedUntold: d_step { toRevoked() }
       goto end_idle
    :: FREE && g.retired != 0 && !g.held ->
       W_beginRetired: d_step { beginRetired() }
    fi;
    busy = busy | MY_BIT;
    answerMayBeLost(beginAgain);
    call()
  }

beginAgain:
  atomic {
    mayCrash();
    if :: OWN_WRITE -> g.nonce = NOBODY; call() :: else -> LEAVE_AFTER_CONFLICT; goto end_idle fi
  }

ask:
  atomic {
    mayCrash();
    if
    :: MAY_SEND ->
       d_step {
         assert(!MINE || !asked);                                                                            /* P: one call per generation */
         asked = asked || MINE
       }
       callRefresh(session, token);
       BEFORE_STORING
       if :: answer == rotated -> goto store :: MEANS_REFUSED -> goto noteRefusal :: else -> goto postpone fi
    :: !MAY_SEND || faults > 0 ->
       W_release: d_step { faults = faults - (faults > 0); release() }
       leave();
       goto end_idle
    fi
  }

store:
  atomic {
    mayCrash();
    if
    :: OWN_WRITE || STORED_ALREADY -> skip
    :: !(OWN_WRITE || STORED_ALREADY) && MAY_COMMIT ->
       W_commit: d_step { commit() }
       answerMayBeLost(store)
    :: !(OWN_WRITE || STORED_ALREADY) && !MAY_COMMIT && MAY_RETIRE ->
       W_retire: d_step { retire() }
       answerMayBeLost(store)
    :: else ->
       assert(!(STILL_STORED && LIVES))                                                                      /* P: what was answered is stored */
    fi;
    leave();
    goto end_idle
  }

noteRefusal:
  atomic {
    mayCrash();
    if
    :: !OWN_WRITE && MAY_REFUSE ->
       W_refuse: d_step { refuse() }
       answerMayBeLost(noteRefusal)
    :: else
    fi;
    leave();
    goto end_idle
  }

postpone:
  atomic {
    mayCrash();
    if
    :: !OWN_WRITE && g.state != Absent && (MINE || answer == limited) ->
       W_defer: d_step { defer() }
       answerMayBeLost(postpone)
    :: else
    fi;
    leave();
    goto end_idle
  }

tell:
  atomic {
    mayCrash();
    callRevoke(session, bought);
    if :: answer == ended && maybeSpent -> goto replay :: else -> goto told fi
  }

replay:
  atomic {
    mayCrash();
    maybeSpent = false;
    callRefresh(session, token);
    if
    :: answer == rotated -> goto tell
    :: answer == refused -> answer = ended; goto told
    :: else -> goto told
    fi
  }

told:
  atomic {
    if
    :: task == revocation && answer != ended -> goto postpone
    :: else
    fi;
    mayCrash();
    if
    :: !OWN_WRITE && task == ending && g.state != Absent ->
       W_settleRetired: d_step { settleRetired() }
       answerMayBeLost(told)
    :: !OWN_WRITE && task == revocation && g.state == Revoking && g.generation == generation ->
       W_revoked: d_step { toRevoked() }
       answerMayBeLost(told)
    :: else
    fi;
    leave();
    goto end_idle
  }

crash:
  d_step { asked = asked && !MINE; unheard = unheard || answer == rotated; leave() }
  goto end_idle
}

active proctype World() {
  mtype answer;
  byte session, bought;

end_world:
  do
  /* Time: a promise ends, a hold ends, a request that was given up arrives, or never does. */
  :: d_step { g.state == Active && g.promised && needs > 0 -> needs--; g.promised = false }
  :: d_step { g.held || penalty -> g.held = false; penalty = false }
  :: atomic {
       strayToken != 0 -> answerRefresh(straySession, strayToken, false);
       strayToken = 0; straySession = 0; answer = 0; bought = 0
     }
  :: d_step { strayToken != 0 -> strayToken = 0; straySession = 0 }
  :: d_step { g.state == Revoked && g.retired == 0 && !g.held && connects > 0 -> forget() }

  /* People: callers, the account's owner, the integrator, the operator. */
  :: d_step { SERVABLE && !(used[g.session] && g.sent == NOBODY && !doubted) -> serve() }
  :: d_step { kills > 0 && LIVES && alive[g.session] -> kills--; alive[g.session] = false; killed[g.session] = true }
  :: revokes > 0 && LIVES ->
     W_revoke: d_step { revokes--; revoke() }
  :: atomic {
       connects > 0 ->
       if
       :: kinship = toldApart
       :: kinship = notTold
       :: kinship = anothers
       :: REPLAYING && LIVES && alive[1] -> kinship = same
       fi;
       W_connect: d_step { connects--; connect() }
     }
  :: g.state == Reauthorize && reinstatements > 0 ->
     W_reinstate: d_step { reinstatements--; tryAgain() }

  /* Chores of whoever comes by. */
  :: g.state == Active && !g.claimed && kinship != anothers ->
     W_confirmClaim: d_step { g.claimed = true; g.nonce = NOBODY }
  :: g.state == Active && !g.claimed && kinship == anothers ->
     W_withdraw: d_step { withdraw() }
  :: g.state == Active && g.refusal ->
     W_condemn: d_step { condemn() }
  :: g.state == Active && g.refusal && doubts > 0 ->
     W_absolve: d_step { doubts--; tryAgain() }

  /* Whenever nothing is left to do and nothing is under way. */
  :: QUIET && LIVES && !killed[g.session] && !USABLE ->
     assert(false)                                                                                           /* P: never lost */
  :: QUIET && (ORPHAN(1) || ORPHAN(2)) ->
     assert(false)                                                                                           /* P: no orphan session */
  :: timeout ->
     assert(QUIET);                                                                                          /* P: all work comes to an end */
     break
  od
}
