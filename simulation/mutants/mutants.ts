/** The protocol, broken on purpose, one rule at a time: what the simulation must notice. Each is an edit of the real source. */

export type Edit = { readonly file: string; readonly find: string; readonly replace: string };
export type Mutant = {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Of a defect that was mended: the seed that found it. */
  readonly seed?: number;
};

const inDomain = (file: string, find: string, replace: string): Edit => ({
  file: `functions/domain/${file}`,
  find,
  replace,
});
const inKeeper = (file: string, find: string, replace: string): Edit => ({
  file: `functions/keeper/${file}`,
  find,
  replace,
});

const fence = `  if (!isStillStored(grant, consumed)) return undefined;
  if (grant.state !== 'active' && grant.state !== 'reauthorize') return undefined;
`;

export const mutants: readonly Mutant[] = [
  { name: 'no fence on the commit', edits: [inDomain('refresh-writes.ts', fence, '')] },
  {
    name: 'the commit is fenced on the attempt, not on what was consumed',
    edits: [
      inDomain(
        'refresh-writes.ts',
        fence,
        '  if (grant.attempt?.id !== consumed.attemptId) return undefined;\n',
      ),
    ],
  },
  {
    name: 'a token is served that could not be stored',
    edits: [
      inKeeper(
        'refresh.ts',
        `    observe({ type: 'commit-failed', grantId, error: (error as Error).name });
    throw error;`,
        `    const value = writes.commit(begun.stored.value, consumed, response, sentAt, jitter, momentOf(context));
    return { kind: 'refreshed', stored: { value: value ?? begun.stored.value, nonce: '' } };`,
      ),
    ],
  },
  {
    name: 'a failed condition is believed, without the nonce and without looking again',
    edits: [
      { file: 'functions/adapters/conflict.ts', find: 'current?.nonce === nonce', replace: 'false' },
      inKeeper(
        'update.ts',
        '    current = result.current;',
        '    return { written: false, stored: result.current };',
      ),
    ],
  },
  {
    name: 'a refusal counts without looking at what is stored now',
    edits: [
      inDomain(
        'verdict-writes.ts',
        `isMine(grant, consumed) && isStillStored(grant, consumed) && grant.state === 'active'`,
        `grant.state === 'active'`,
      ),
    ],
  },
  {
    name: 'any error is a refusal',
    edits: [
      inDomain(
        'answer.ts',
        `if (!clientErrorStatuses.has(answer.status)) return { kind: 'unknown', code: fallback };`,
        `if (!clientErrorStatuses.has(answer.status)) return { kind: 'refused', code: fallback };`,
      ),
    ],
  },
  {
    name: 'a revocation does not raise the generation',
    edits: [
      inDomain(
        'ending-writes.ts',
        `          state: 'revoking',
          generation: grant.generation + 1,`,
        `          state: 'revoking',`,
      ),
    ],
  },
  {
    name: 'a revocation is recorded only once the provider was told',
    edits: [
      inKeeper(
        'revoke.ts',
        `grant =>
    writes.revoke(grant, momentOf(context)),`,
        `grant =>
    grant.sent === undefined ? writes.revoke(grant, momentOf(context)) : undefined,`,
      ),
    ],
  },
  {
    name: 'no due time for a refresh on demand',
    edits: [
      inDomain(
        'refresh-writes.ts',
        `return reason.kind === 'due' ? { ...begun, updatedAt: now } : written(begun, moment);`,
        'return { ...begun, updatedAt: now };',
      ),
    ],
  },
  {
    name: 'the getter ignores a hold',
    edits: [
      inDomain(
        'serve.ts',
        'Math.max(grant.holdUntil ?? 0, mintAllowedAt(grant, now, settings))',
        'mintAllowedAt(grant, now, settings)',
      ),
      inDomain('refresh-writes.ts', '    !isHeld(grant, now) &&\n', ''),
    ],
  },
  {
    name: 'a commit clears a penalty',
    edits: [
      inDomain(
        'refresh-writes.ts',
        `      'attempt',\n      'sent',\n      'refusal',`,
        `      'attempt',\n      'holdUntil',\n      'sent',\n      'refusal',`,
      ),
    ],
  },
  {
    name: 'a later failure shortens a hold',
    edits: [
      inDomain(
        'refresh-writes.ts',
        'const holdUntil = Math.max(grant.holdUntil ?? 0, until);',
        'const holdUntil = until;',
      ),
    ],
  },
  {
    name: 'a 429 is forgotten by who lost the attempt',
    edits: [
      inDomain(
        'refresh-writes.ts',
        `  if (!mine && answer.kind !== 'limited') return undefined;`,
        '  if (!mine) return undefined;',
      ),
    ],
  },
  {
    name: 'a late answer is ended although it is the live session’s',
    edits: [
      inKeeper(
        'refresh.ts',
        'grant.tokens?.accessToken === response.accessToken\n              ? undefined',
        'false\n              ? undefined',
      ),
      inDomain(
        'ending-writes.ts',
        '  if (lives && canBeSameSession(grant, identity)) return undefined;\n',
        '',
      ),
    ],
  },
  {
    name: 'an unconditional defer',
    edits: [
      inDomain('refresh-writes.ts', `  if (!mine && answer.kind !== 'limited') return undefined;\n`, ''),
      inDomain('refresh-writes.ts', '  if (!mine) return written({ ...grant, holdUntil }, moment);\n', ''),
    ],
  },
  {
    name: 'serving while a refresh is unanswered',
    edits: [
      inDomain('serve.ts', 'grant.sent !== undefined || now >= grant.cacheUntil', 'now >= grant.cacheUntil'),
    ],
  },
  {
    name: 'serving after a lost answer',
    edits: [
      inDomain(
        'refresh-writes.ts',
        'const settled = nothingHappened ? withoutOwnNotes(grant, consumed) : grant;',
        'const settled = withoutOwnNotes(grant, consumed);',
      ),
    ],
  },
  {
    name: 'a release forgets what somebody else has sent',
    edits: [
      inDomain(
        'refresh-writes.ts',
        `settled.sent?.by === attemptId ? without(settled, 'sent') : settled`,
        `without(settled, 'sent')`,
      ),
    ],
  },
  {
    name: 'the sweep trusts a stale index entry',
    edits: [
      inDomain(
        'attend.ts',
        'if (grant.dueAt === undefined || grant.dueAt > now)',
        'if (grant.dueAt === undefined)',
      ),
      inDomain(
        'attend.ts',
        'if (now >= refreshWantedAt(grant, now, settings))',
        'if (Number.isFinite(refreshWantedAt(grant, now, settings)))',
      ),
      inDomain(
        'refresh-writes.ts',
        'return now >= refreshWantedAt(grant, now, settings) && promiseIsOver(grant, moment);',
        'return true;',
      ),
    ],
  },
  {
    name: 'a refresh at the end of the promise by its own clock',
    edits: [
      inDomain(
        'refresh-writes.ts',
        'grant.cacheUntil + settings.maxClockSkewMs;',
        'grant.cacheUntil + 0 * settings.maxClockSkewMs;',
      ),
    ],
  },
  {
    name: 'an attempt is taken from its holder',
    edits: [
      inDomain('refresh-writes.ts', '    !attemptIsLive(grant, now) &&\n', ''),
      inDomain('attend.ts', `  if (attemptIsLive(grant, now)) return { kind: 'taken' };\n`, ''),
    ],
  },
  {
    name: 'a revocation presents a token that may be spent',
    edits: [
      inKeeper('end-session.ts', 'maybeSpent: hasUnansweredRefresh(begun.stored.value)', 'maybeSpent: false'),
    ],
  },
  {
    name: 'an old connection is ended with a token that may be spent',
    edits: [inDomain('retired.ts', '...(hasUnansweredRefresh(grant) && { maybeSpent: true as const }),', '')],
  },
  {
    name: 'an import repeated during a refresh starts anew',
    edits: [
      inKeeper(
        'put-grant.ts',
        'grant.importHash === importHash && grant.app === app',
        'false && grant.importHash === importHash && grant.app === app',
      ),
    ],
  },
  {
    name: 'a claim is not confirmed',
    edits: [inDomain('connection-writes.ts', '    claimed: false,', '    claimed: true,')],
  },
  {
    name: 'a claim is taken from a grant that lives by it',
    edits: [
      inKeeper(
        'claims.ts',
        'if (livesByClaim(current?.value ?? wanted, holder?.value)) {',
        'if (holder === undefined && livesByClaim(current?.value ?? wanted, holder)) {',
      ),
    ],
  },
  {
    name: 'an event is forgotten when it could not be sent',
    edits: [
      inKeeper(
        'tend.ts',
        `    context.observe({ type: 'event-not-sent', grantId, event: announcement });
    return stored;
`,
        '',
      ),
    ],
  },
  {
    name: 'a reconnection takes the old session for its own, since the endpoint is the same',
    edits: [inDomain('grant.ts', '  if (a.startedBy !== b.startedBy) return false;\n', '')],
  },
  {
    name: 'a connection comes after a revocation that came during it',
    edits: [inKeeper('connect-grant.ts', 'if (isGone(current) &&', 'if (isGone(undefined) &&')],
  },
  {
    name: 'what was exchanged for and may not be stored is forgotten',
    edits: [
      inKeeper(
        'keep-session.ts',
        '      await discard(context, asked, obtained).catch(() => undefined);\n',
        '',
      ),
    ],
  },
  {
    name: 'a connection is asked for in a hold',
    edits: [inKeeper('connect-grant.ts', '  await checkHolds(context, app, before?.value);\n', '')],
  },
  {
    name: 'a mint keeps no distance from the one before',
    edits: [
      inDomain('mint.ts', 'mintedAt === undefined || now >=', 'mintedAt === undefined || now + 1e12 >='),
      inDomain('mint.ts', '? grant.mintedAt + mintDistanceMs(grant, settings)', '? grant.mintedAt'),
    ],
  },
  {
    name: 'a mint asks for a whole week at once',
    edits: [
      inDomain(
        'mint.ts',
        ': { accessTokenTtlSeconds: short, refreshTokenTtlSeconds: short };',
        ': { accessTokenTtlSeconds: short, refreshTokenTtlSeconds: 604_800 };',
      ),
    ],
  },
  {
    name: 'a verdict ignores that there is a credential',
    edits: [
      inDomain(
        'verdict-writes.ts',
        'credential !== undefined && mustMint === undefined;',
        'credential === undefined && mustMint !== undefined;',
      ),
    ],
  },
  {
    name: 'the session that a mint replaces is forgotten',
    edits: [
      inDomain(
        'refresh-writes.ts',
        '...grant.retired, ...replaced(grant, identity, moment.settings)',
        '...grant.retired',
      ),
    ],
  },
];

/** Each undoes the mending of a defect that a seed found. */
export const mended: readonly Mutant[] = [
  {
    name: 'a new connection promises a token that a refresh under way may end',
    seed: 36,
    edits: [
      inDomain(
        'connection-writes.ts',
        'tokens.refreshToken === undefined || !(isShort || mayBeSuperseded(previous, connection, moment))',
        'Math.abs(Number(isShort || mayBeSuperseded(previous, connection, moment))) >= 0',
      ),
    ],
  },
  {
    name: 'a revocation answers for a connection that came after it',
    seed: 417,
    edits: [
      inKeeper(
        'revoke.ts',
        'return after.connectionId === stored.value.connectionId ? after : stored.value;',
        'return after;',
      ),
    ],
  },
  {
    name: 'an app’s own 429 is recorded in one try when an old session is ended',
    seed: 2110,
    edits: [
      inKeeper(
        'end-session.ts',
        'await persist(() => standings.hold(retired.app, answer), deadlineAt, clock)',
        'await standings.hold(retired.app, answer)',
      ),
    ],
  },
  {
    name: 'a late answer that is known already makes forgotten that it may be spent',
    seed: 100054817,
    edits: [
      inDomain(
        'ending-writes.ts',
        'known => known.token !== spent);',
        'known => known.token !== spent && known.token !== token);',
      ),
    ],
  },
  {
    name: 'a connection is stored again after another one has replaced it',
    seed: 1795402141020692,
    edits: [
      inKeeper(
        'keep-session.ts',
        'if (current?.connectionId !== before?.value.connectionId) return undefined;',
        'if (current?.connectionId === obtained.connectionId) return undefined;',
      ),
    ],
  },
  {
    name: 'a grant is put from a credential in a hold that was recorded a moment ago',
    seed: 40,
    edits: [inDomain('connection-writes.ts', '!isHeld(grant, now) && isDistant(', 'isDistant(')],
  },
  {
    name: 'a short-lived token that may have bought a long-lived session is forgotten when it has expired',
    seed: 63479,
    edits: [
      inDomain(
        'retired.ts',
        'Math.max(tokensEndAt(tokens), grant.sent.at + replayWindowMs)',
        'tokensEndAt(tokens)',
      ),
    ],
  },
];

export const mutantNamed = (name: string | undefined): Mutant | undefined =>
  [...mutants, ...mended].find(mutant => mutant.name === name);
