/* Each mutant breaks one rule of rules.pml, or two where either alone would still hold. */

#ifdef MUTANT_commit_unfenced
#define MAY_COMMIT (g.state != Absent)
#endif
#ifdef MUTANT_commit_fenced_on_the_lease
#define MAY_COMMIT MINE
#endif
#ifdef MUTANT_commit_ignores_the_connection
#define MAY_COMMIT (g.generation == generation && LIVES)
#endif
#ifdef MUTANT_commit_clears_the_penalty
#define COMMIT_TOO g.held = false
#endif
#ifdef MUTANT_served_before_stored
#define BEFORE_STORING if :: answer == rotated -> handOut(session, bought) :: else fi;
#endif
#ifdef MUTANT_served_while_sent
#define SERVABLE (REFRESHABLE && (g.promised || g.sent != NOBODY))
#endif
#ifdef MUTANT_lost_answer_taken_for_nothing
#define DEFER_CLEARS_SENT (g.sent == ME)
#endif
#ifdef MUTANT_lost_answer_not_asked_for_again
#define DUE (REFRESHABLE && g.sent == NOBODY && PROMISE_OVER)
#endif
#ifdef MUTANT_penalty_clears_others_sent
#define DEFER_CLEARS_SENT (answer == limited)
#endif
#ifdef MUTANT_attempt_id_used_again
#define LEAVE_AFTER_CONFLICT superseded()
#endif
#ifdef MUTANT_refusal_unfenced
#define MAY_REFUSE (g.state == Active)
#endif
#ifdef MUTANT_unknown_taken_for_refused
#define MEANS_REFUSED (answer == refused || answer == unknown)
#endif
#ifdef MUTANT_revoke_unfenced
#define REVOKE_RAISES_GENERATION skip
#define MAY_COMMIT STILL_STORED
#endif
#ifdef MUTANT_hold_ignored_by_getter
#define GETTER_HELD false
#endif
#ifdef MUTANT_lease_ignored
#define LEASE_RAN_OUT false
#endif
#ifdef MUTANT_sent_after_the_lease
#define MAY_SEND true
#endif
#ifdef MUTANT_promise_ignored_by_sweep
#define PROMISE_OVER true
#endif
#ifdef MUTANT_withdrawn_promise_given_again
#define PROLONGS (g.state == Active && g.sent == NOBODY)
#endif
#ifdef MUTANT_promise_survives_reinstatement
#define WITHDRAWS_PROMISE skip
#endif
#ifdef MUTANT_spent_token_revoked
#define MAYBE_SPENT false
#endif
#ifdef MUTANT_late_answer_revoked_blindly
#define MAY_RETIRE (g.state != Absent)
#endif
#ifdef MUTANT_replaced_session_revoked_blindly
#define RETIRES_REPLACED true
#endif
#ifdef MUTANT_failed_condition_believed
#define OWN_WRITE false
#define STORED_ALREADY false
#define MAY_RETIRE (g.state != Absent)
#endif
