/** What is run: the configurations that are searched exhaustively, and the mutants that must not survive. */

/** Numbers and switches of `rules.pml`; `true`: defined without a value. */
export type Defines = Readonly<Record<string, number | true>>;

export type Configuration = { readonly name: string; readonly defines: Defines };

const onBothProviders = (name: string, defines: Defines): Configuration[] => [
  { name: `replaying, ${name}`, defines },
  { name: `strict, ${name}`, defines: { ...defines, STRICT: true } },
];

const verdicts = { KILLS: 1, DOUBTS: 1, REINSTATEMENTS: 1 };

/** Every reachable state of each is visited; together they must reach every write. The longest come first. */
export const configurations: readonly Configuration[] = [
  ...onBothProviders('2 refreshers, revoker, reconnecter, 2 faults', {
    REFRESHERS: 2,
    FAULTS: 2,
    NEEDS: 1,
    REVOKES: 1,
    CONNECTS: 1,
  }),
  ...onBothProviders('3 refreshers, reports, 3 faults', { REFRESHERS: 3, FAULTS: 3, NEEDS: 2, REPORTS: 1 }),
  ...onBothProviders('3 refreshers, verdicts, 2 faults', {
    REFRESHERS: 3,
    FAULTS: 2,
    NEEDS: 1,
    REPORTS: 1,
    ...verdicts,
  }),
  ...onBothProviders('3 refreshers, revoker, 2 faults', { REFRESHERS: 3, FAULTS: 2, NEEDS: 1, REVOKES: 1 }),
  ...onBothProviders('3 refreshers, reconnecter, 1 fault', {
    REFRESHERS: 3,
    FAULTS: 1,
    NEEDS: 1,
    CONNECTS: 1,
  }),
];

/** Searched for cycles: whatever happens, it comes to an end, unless leases run out on the living for ever. */
export const terminations: readonly Configuration[] = [
  ...onBothProviders('verdicts', {
    REFRESHERS: 2,
    FAULTS: 2,
    NEEDS: 1,
    REPORTS: 1,
    LEASES: 2,
    ...verdicts,
  }),
  ...onBothProviders('revoker, reconnecter', {
    REFRESHERS: 2,
    FAULTS: 1,
    NEEDS: 1,
    REVOKES: 1,
    CONNECTS: 1,
    LEASES: 2,
  }),
];

const refreshing: Defines = { REFRESHERS: 2, FAULTS: 2, NEEDS: 1, REPORTS: 1 };
const revoking: Defines = { ...refreshing, REVOKES: 1 };
const judging: Defines = { ...refreshing, ...verdicts };
const reconnecting: Defines = { REFRESHERS: 2, FAULTS: 0, NEEDS: 1, CONNECTS: 1 };

const mutant = (name: string, defines: Defines): Configuration => ({
  name,
  defines: { ...defines, [`MUTANT_${name}`]: true },
});

export const mutants: readonly Configuration[] = [
  mutant('commit_unfenced', revoking),
  mutant('commit_fenced_on_the_lease', { ...refreshing, STRICT: true }),
  mutant('commit_ignores_the_connection', { ...reconnecting, REVOKES: 1 }),
  mutant('commit_clears_the_penalty', refreshing),
  mutant('served_before_stored', refreshing),
  mutant('served_while_sent', refreshing),
  mutant('lost_answer_taken_for_nothing', refreshing),
  mutant('lost_answer_not_asked_for_again', refreshing),
  mutant('penalty_clears_others_sent', refreshing),
  mutant('attempt_id_used_again', refreshing),
  mutant('refusal_unfenced', refreshing),
  mutant('unknown_taken_for_refused', refreshing),
  mutant('revoke_unfenced', revoking),
  mutant('hold_ignored_by_getter', refreshing),
  mutant('lease_ignored', refreshing),
  mutant('sent_after_the_lease', { ...refreshing, STRICT: true }),
  mutant('promise_ignored_by_sweep', refreshing),
  mutant('withdrawn_promise_given_again', judging),
  mutant('promise_survives_reinstatement', judging),
  mutant('spent_token_revoked', revoking),
  mutant('late_answer_revoked_blindly', refreshing),
  mutant('replaced_session_revoked_blindly', reconnecting),
  mutant('failed_condition_believed', refreshing),
];
