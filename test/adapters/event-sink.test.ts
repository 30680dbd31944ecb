import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventSink } from '../../functions/adapters/event-sink.ts';
import type { GrantEvent } from '../../functions/keeper/ports.ts';

const event: GrantEvent = { type: 'Grant Recovered', detail: { grantId: 'acme:101', generation: 7 } };

describe('an event', () => {
  const mockEvents = () => mockClient(EventBridgeClient);
  let events: ReturnType<typeof mockEvents>;
  let now = 0;
  const clock = { now: () => now, sleep: async () => {} };
  const publish = (what = event) => createEventSink(new EventBridgeClient({}), clock).publish(what);
  const sends = () => events.on(PutEventsCommand);
  const sent = () => events.commandCalls(PutEventsCommand).map(({ args }) => args[0].input);

  beforeEach(() => {
    events = mockEvents();
  });
  afterEach(() => events.restore());

  it('goes to the default bus, under our name', async () => {
    sends().resolves({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] });
    expect(await publish()).toBe(true);
    expect(sent()).toEqual([
      {
        Entries: [
          {
            Source: 'ringbearer',
            DetailType: 'Grant Recovered',
            Detail: '{"grantId":"acme:101","generation":7}',
          },
        ],
      },
    ]);
  });

  it('after a failure is not even tried for ten seconds, so that tokens do not wait for events', async () => {
    const sink = createEventSink(new EventBridgeClient({}), clock);
    sends().rejectsOnce(new Error('EventBridge is down')).resolves({ FailedEntryCount: 0 });
    expect(await sink.publish(event)).toBe(false);
    now += 9_999;
    expect(await sink.publish(event)).toBe(false);
    expect(sent()).toHaveLength(1);
    now += 1;
    expect(await sink.publish(event)).toBe(true);
  });

  it('that EventBridge did not take is not sent, although the call succeeded', async () => {
    sends().resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] });
    expect(await publish()).toBe(false);
  });

  it('counts as sent where nothing is said of failures', async () => {
    sends().resolves({});
    expect(await publish()).toBe(true);
  });

  it.each([
    ['an error', () => sends().rejects(new Error('EventBridge is down'))],
    ['something that is no error', () => sends().callsFake(() => Promise.reject(undefined))],
    [
      'at once',
      () =>
        sends().callsFake(() => {
          throw new Error('no credentials');
        }),
    ],
  ])('that fails with %s is not sent, and nothing is thrown', async (_, fails) => {
    fails();
    expect(await publish()).toBe(false);
  });

  it('that cannot be written down is not sent, and nothing is thrown', async () => {
    const detail = { grantId: 1n } as unknown as GrantEvent['detail'];
    expect(await publish({ ...event, detail })).toBe(false);
    expect(sent()).toEqual([]);
  });
});
