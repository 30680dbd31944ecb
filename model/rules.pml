/* What the writes require, and the numbers of a configuration. A mutant defines one of the rules otherwise. */
#include "mutants.pml"

#ifndef REFRESHERS
#define REFRESHERS 2
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef NEEDS
#define NEEDS 2
#endif
#ifndef REPORTS
#define REPORTS 0
#endif
#ifndef REVOKES
#define REVOKES 0
#endif
#ifndef CONNECTS
#define CONNECTS 0
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef DOUBTS
#define DOUBTS 0
#endif
#ifndef REINSTATEMENTS
#define REINSTATEMENTS 0
#endif

#ifdef LEASES
#define LEASE_ENDS leases--
#else
#define LEASES 1
#define LEASE_ENDS skip
#endif

#ifdef STRICT
#define REPLAYING false
#else
#define REPLAYING true
#endif

/* Ids of attempts. */
#define NOBODY 0
#define ME (_pid + 1)
#define GONE 9

/* Sets of tokens, and of workers. Idle workers are alike: it is always the first of them that starts. */
#define TOKENS 7
#define BIT(s, t) (1 << (((s) - 1) * TOKENS + (t)))
#define MY_BIT (1 << _pid)
#define TAKEN (g.attempt != NOBODY && g.attempt != GONE)
#define FREE ((busy & (MY_BIT - 1)) == MY_BIT - 1 && (!TAKEN || leases > 0))

#define LIVES (g.state == Active || g.state == Reauthorize)
#define STILL_STORED (g.connection == connection && g.generation == generation)
#define MINE (g.connection == connection && g.attempt == ME)
#ifndef OWN_WRITE
#define OWN_WRITE (g.nonce == ME)
#endif
#define OTHERS_SESSION (kinship == anothers && g.session == 2)
#define TOLD_APART(a, b) ((a) != (b) && (kinship == toldApart || kinship == anothers))
#define REFRESHABLE (g.state == Active && g.claimed && !g.refusal)

/* Wanted by the sweep or a getter; and by a caller whom the provider refused with the token that is still promised. */
#ifndef DUE
#define DUE (REFRESHABLE && (g.sent != NOBODY || PROMISE_OVER))
#endif
#define REPORTABLE (REFRESHABLE && g.sent == NOBODY && g.promised && reports > 0)

#ifndef PROMISE_OVER
#define PROMISE_OVER !g.promised
#endif
#ifndef GETTER_HELD
#define GETTER_HELD g.held
#endif
#ifndef LEASE_RAN_OUT
#define LEASE_RAN_OUT (g.attempt != NOBODY)
#endif

/* The lease is looked at again just before a request is sent: a strict provider punishes one that comes late. */
#ifndef MAY_SEND
#define MAY_SEND (REPLAYING || g.connection != connection || g.attempt == ME)
#endif

#ifndef STORED_ALREADY
#define STORED_ALREADY (g.session == session && g.token == bought)
#endif
#ifndef MAY_COMMIT
#define MAY_COMMIT (STILL_STORED && LIVES)
#endif
#ifndef COMMIT_TOO
#define COMMIT_TOO
#endif
#ifndef MAY_RETIRE
#define MAY_RETIRE (g.state != Absent && !(LIVES && !TOLD_APART(g.session, session)))
#endif
#ifndef RETIRES_REPLACED
#define RETIRES_REPLACED TOLD_APART(1, 2)
#endif
#ifndef MAY_REFUSE
#define MAY_REFUSE (MINE && STILL_STORED && g.state == Active)
#endif
#ifndef MEANS_REFUSED
#define MEANS_REFUSED (answer == refused)
#endif
#ifndef DEFER_CLEARS_SENT
#define DEFER_CLEARS_SENT (answer == limited && g.sent == ME)
#endif
#ifndef PROLONGS
#define PROLONGS (g.state == Active && g.sent == NOBODY && !g.withdrawn)
#endif
#ifndef MAYBE_SPENT
#define MAYBE_SPENT (g.sent != NOBODY)
#endif
#ifndef REVOKE_RAISES_GENERATION
#define REVOKE_RAISES_GENERATION newGeneration()
#endif
#ifndef WITHDRAWS_PROMISE
#define WITHDRAWS_PROMISE g.promised = false
#endif
#ifndef SERVABLE
#define SERVABLE (REFRESHABLE && g.sent == NOBODY && g.promised)
#endif
#ifndef BEFORE_STORING
#define BEFORE_STORING
#endif
#ifndef LEAVE_AFTER_CONFLICT
#define LEAVE_AFTER_CONFLICT leave()
#endif

/* What the properties speak of. */
#define REPLAYABLE (alive[g.session] && (g.token == current[g.session] || (g.token + 1 == current[g.session] && !used[g.session])))
#define USABLE (alive[g.session] && g.state == Active && g.token == current[g.session])
#define ORPHAN(s) (alive[s] && !(LIVES && g.session == s) && (s == 1 -> kinship != notTold : kinship == notTold || kinship == toldApart))
#define QUIET (busy == 0 && strayToken == 0 && !DUE && !g.refusal && (g.claimed || g.state != Active) && g.retired == 0 && g.state != Revoking)
