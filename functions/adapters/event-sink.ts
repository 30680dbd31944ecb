/** Events on the default bus of EventBridge. */
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Clock, EventSink, GrantEvent } from '../keeper/ports.ts';

export const eventSource = 'ringbearer';

/** After a failure the next events are not tried for so long: they stay due, and tokens do not wait for them. */
const pauseMs = 10_000;

export const createEventSink = (client: EventBridgeClient, clock: Clock): EventSink => {
  let pausedUntil = 0;

  const send = async ({ type, detail }: GrantEvent): Promise<boolean> => {
    try {
      const { FailedEntryCount: failures = 0 } = await client.send(
        new PutEventsCommand({
          Entries: [{ Source: eventSource, DetailType: type, Detail: JSON.stringify(detail) }],
        }),
      );
      return failures === 0;
    } catch {
      return false;
    }
  };

  return {
    publish: async event => {
      if (clock.now() < pausedUntil) return false;
      const sent = await send(event);
      if (!sent) pausedUntil = clock.now() + pauseMs;
      return sent;
    },
  };
};
