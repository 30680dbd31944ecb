/** Asking RingCentral about credentials: what is asked, what is concluded, and when nothing is asked. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { otherEnvironment } from '../../../cli/doctor/app-checks.ts';
import { readClock } from '../../../cli/doctor/clock.ts';
import { fact, skipped } from '../../../cli/doctor/facts.ts';
import { maxProbes, type ProbeInput, probeApps } from '../../../cli/doctor/probe.ts';
import { createProvider } from '../../../cli/doctor/provider.ts';
import type { TokenAnswer } from '../../../functions/domain/answer.ts';
import { type Simulator, startSimulator } from '../../../sandbox/ringcentral/index.ts';
import { appView, iso, viewWith } from '../grant-views.ts';

const production = 'https://platform.ringcentral.com';
const sandbox = 'https://platform.devtest.ringcentral.com';
const secretOf = ({ name, server, clientId }: typeof appView) => ({
  name,
  server,
  clientId,
  clientSecret: `secret of ${name}`,
});

let asked: { server: string; token: string; clientSecret: string | undefined }[];
let answers: (server: string) => TokenAnswer;
const refused: TokenAnswer = { kind: 'refused', code: 'OAU-213' };
const wrongClient: TokenAnswer = { kind: 'misconfigured', code: 'OAU-153' };

beforeEach(() => {
  asked = [];
  answers = () => refused;
});

const probing = (change: Partial<ProbeInput> = {}) => {
  const { apps = [appView] } = change;
  return probeApps({
    apps,
    grants: [],
    configured: fact(apps.map(secretOf)),
    provider: {
      refresh: async ({ server, clientSecret }, token) => {
        asked.push({ server, token, clientSecret });
        return answers(server);
      },
      clock: async () => fact({ offsetMs: 1, uncertaintyMs: 2 }),
      pause: async () => {},
    },
    ...change,
  });
};

const other = { ...appView, name: 'other', clientId: 'other' };

describe('a probe', () => {
  it('is one refresh with a token that cannot exist; that it is refused means that the credentials are good', async () => {
    const [probe] = await probing();
    expect(probe).toEqual({
      app: 'main',
      server: production,
      verdict: fact({ kind: 'accepted' }),
      clock: fact({ offsetMs: 1, uncertaintyMs: 2 }),
    });
    expect(asked).toEqual([
      {
        server: production,
        token: expect.stringMatching(/^ringbearer-doctor-[0-9a-f-]{36}$/),
        clientSecret: 'secret of main',
      },
    ]);
  });

  it('asks the other environment as well where the credentials are refused', async () => {
    answers = server => (server === production ? wrongClient : refused);
    const [probe] = await probing();
    expect(probe?.verdict).toEqual(
      fact({ kind: 'refused', code: 'OAU-153', elsewhere: { server: sandbox, accepted: true } }),
    );
    expect(asked.map(({ server }) => server)).toEqual([production, sandbox]);
  });

  it('asks no other server than the two that are known', async () => {
    answers = () => wrongClient;
    const [probe] = await probing({ apps: [{ ...appView, server: 'https://platform.ringcentral.biz' }] });
    expect(probe?.verdict).toEqual(fact({ kind: 'refused', code: 'OAU-153' }));
    expect(asked).toHaveLength(1);
    expect(otherEnvironment(sandbox)).toBe(production);
  });

  it('does not ask the other environment while anything there is on hold', async () => {
    answers = () => wrongClient;
    const held = { ...other, server: sandbox, holdUntil: iso(1) };
    const [probe] = await probing({ apps: [appView, held] });
    expect(probe?.verdict).toEqual(fact({ kind: 'refused', code: 'OAU-153' }));
    expect(asked.map(({ server }) => server)).toEqual([production]);
  });

  it.each([
    [
      { kind: 'unknown', code: 'timeout' },
      { kind: 'unknown', code: 'timeout' },
    ],
    [
      { kind: 'rotated', response: { accessToken: 'a', tokenType: 'bearer' } },
      { kind: 'unknown', code: 'tokens for nothing' },
    ],
  ] as [TokenAnswer, object][])('concludes nothing from %j', async (answer, verdict) => {
    answers = () => answer;
    const [probe] = await probing();
    expect(probe?.verdict).toEqual(fact(verdict));
  });

  it('after a limit asks nothing more', async () => {
    answers = () => ({ kind: 'limited', code: 'CMN-301', retryAfterMs: 30_000 });
    const [first, second] = await probing({ apps: [appView, { ...other, server: 'https://x.example' }] });
    expect(first?.verdict).toMatchObject({ value: { kind: 'limited', retryAfterMs: 30_000 } });
    expect(second?.verdict).toEqual(skipped('RingCentral has just limited requests.'));
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['it is on hold', { apps: [{ ...appView, holdUntil: iso(1) }] }],
    ['another app at its server is', { apps: [appView, { ...other, holdUntil: iso(1) }] }],
    ['a grant of it is', { grants: [viewWith({ holdUntil: iso(1) })] }],
    ['it is the placeholder', { apps: [{ ...appView, clientId: 'REPLACE-ME' }] }],
    ['its secret may not be read', { configured: { known: false, skipped: false, why: 'no' } as const }],
    ['its secret has just been changed', { configured: fact([{ ...secretOf(appView), clientId: 'new' }]) }],
  ])('is not made while %s', async (_, change) => {
    const [probe] = await probing(change);
    expect(probe?.verdict.known).toBe(false);
    expect(asked).toEqual([]);
  });

  it('is made of a few apps only', async () => {
    const apps = Array.from({ length: maxProbes + 2 }, (_, n) => ({
      ...appView,
      name: `app${n}`,
      clientId: `c${n}`,
    }));
    const probes = await probing({ apps });
    expect(probes.map(({ verdict }) => verdict.known)).toEqual([true, true, true, true, true, false, false]);
    expect(asked).toHaveLength(maxProbes);
  });
});

describe('with the simulated RingCentral', () => {
  let simulator: Simulator;
  beforeEach(async () => {
    simulator = await startSimulator({
      apps: [
        { clientId: 'client', clientSecret: 'good', redirectUris: [] },
        { clientId: 'open', redirectUris: [] },
      ],
      users: [],
      rateLimitScope: 'off',
    });
  });
  afterEach(() => simulator.close());

  const ask = (clientId: string, secret: object) => {
    const app = { ...appView, server: simulator.url, clientId };
    return probeApps({
      apps: [app],
      grants: [],
      configured: fact([{ name: 'main', server: simulator.url, clientId, ...secret }]),
      provider: createProvider(),
    });
  };

  it.each([
    ['a good secret', 'client', { clientSecret: 'good' }, { kind: 'accepted' }],
    ['a wrong one', 'client', { clientSecret: 'bad' }, { kind: 'refused', code: 'OAU-153' }],
    ['a public client', 'open', {}, { kind: 'accepted' }],
    [
      'a client that it does not know',
      'stranger',
      { clientSecret: 'good' },
      { kind: 'refused', code: 'OAU-153' },
    ],
  ])('tells %s', async (_, clientId, secret, verdict) => {
    const [probe] = await ask(clientId, secret);
    expect(probe?.verdict).toEqual(fact(verdict));
    expect(simulator.provider.log()).toHaveLength(1);
  });

  it('reads its clock', async () => {
    const [probe] = await ask('client', { clientSecret: 'good' });
    const reading = probe?.clock.known ? probe.clock.value : undefined;
    expect(Math.abs(reading?.offsetMs ?? 1e9)).toBeLessThanOrEqual(reading?.uncertaintyMs ?? 0);
  });

  it('concludes nothing from a server that is not there', async () => {
    const app = { ...appView, server: 'http://127.0.0.1:1' };
    const [probe] = await probeApps({
      apps: [app],
      grants: [],
      configured: fact([secretOf(app)]),
      provider: createProvider(),
    });
    expect(probe).toMatchObject({
      verdict: fact({ kind: 'unknown', code: 'no-answer' }),
      clock: { known: false },
    });
  });
});

describe('a clock', () => {
  const second = Date.parse('2026-01-31T12:00:00Z');
  const date = 'Sat, 31 Jan 2026 12:00:00 GMT';
  it.each([
    ['agrees', second + 400, second + 600, 0, 600],
    ['is ahead', second - 60_000, second - 60_000, 60_500, 500],
    ['is behind', second + 60_000, second + 60_200, -59_600, 600],
  ])(
    'that %s is known to half a second and half the way',
    (_, sentAt, receivedAt, offsetMs, uncertaintyMs) => {
      expect(readClock(date, sentAt, receivedAt)).toEqual({ offsetMs, uncertaintyMs });
    },
  );

  it.each([undefined, null, '', 'yesterday'])('that says %s says nothing', text => {
    expect(readClock(text, 0, 0)).toBeUndefined();
  });
});
