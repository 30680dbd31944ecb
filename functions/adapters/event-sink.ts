/** Events on the default bus of EventBridge. */
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { EventSink } from '../keeper/ports.ts';

export const eventSource = 'ringbearer';

export const createEventSink = (client: EventBridgeClient): EventSink => ({
  publish: async ({ type, detail }) => {
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
  },
});
