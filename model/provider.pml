/* The provider's answers. They are given in one instant; what a request waits for on its way is in the processes. */

/* What is true of the stored token whenever the provider or a caller did something. */
inline checkStored() {
  assert(!REPLAYING || !LIVES || killed[g.session] || REPLAYABLE);                                           /* P: never lost */
}

inline end(s) {
  assert(!(LIVES && g.session == s) && !(kinship == anothers && s == 2));                                    /* P: no live session ended */
  alive[s] = false;
}

inline rotate(s, t) {
  assert(!(LIVES && g.session == s && g.token == t && g.promised) || reported);                              /* P: promise kept */
  current[s]++;
  used[s] = false;
}

/* A refresh as the provider sees it. `waited`: the lease of whoever sent it had not run out. */
inline answerRefresh(s, t, waited) {
  d_step {
    if
    :: alive[s] && t == current[s] -> rotate(s, t); answer = rotated
    :: alive[s] && t + 1 == current[s] && REPLAYING && !used[s] -> answer = rotated
    :: alive[s] && t < current[s] && !REPLAYING ->
       assert(!waited || !LIVES || g.session != s || unheard || inHand > 0);                                 /* P: lost only after an unheard answer */
       killed[s] = true; alive[s] = false; answer = refused
    :: else -> answer = refused
    fi;
    checkStored();
    bought = (answer == rotated -> current[s] : 0)
  }
}

inline callRefresh(s, t) {
  if
  :: answerRefresh(s, t, true); inHand = inHand + (answer == rotated && task == refresh)
  :: faults > 0 -> faults--; answer = limited
  :: faults > 0 -> faults--; answerRefresh(s, t, true); answer = unknown; bought = 0; unheard = true
  :: faults > 0 && strayToken == 0 && task == refresh ->
     faults--; straySession = s; strayToken = t; answer = unknown; unheard = true
  fi;
  asked = asked && !(MINE && (answer == limited || answer == unknown))
}

/* A spent token ends its session, or nothing at all; the answer is the same. */
inline answerRevoke(s, t) {
  if
  :: alive[s] && t == current[s] -> end(s)
  :: alive[s] && t < current[s] -> end(s)
  :: !alive[s] || t < current[s] -> skip
  fi
}

inline callRevoke(s, t) {
  if
  :: answerRevoke(s, t); answer = ended
  :: faults > 0 -> faults--; answer = limited
  :: faults > 0 -> faults--; answer = unknown; answerRevoke(s, t)
  :: faults > 0 -> faults--; answer = unknown
  fi
}
