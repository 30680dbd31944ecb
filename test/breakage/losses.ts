/**
 * What the provider cannot know about its answers: that a proxy lost one after it had been handed over. Whoever loses it says so, and
 * asking again is not held against the keeper. Everything else that asks twice is.
 */
import type { Provider } from '../../sandbox/ringcentral/index.ts';
import type { Loss } from './proxy.ts';

const bodyOf = (request: string): string => request.slice(request.indexOf('\r\n\r\n') + 4);

const isOk = (answer: string): boolean => answer.startsWith('HTTP/1.1 200');

const presentedToken = (request: string): string =>
  new URLSearchParams(bodyOf(request)).get('refresh_token') ?? '';

const isGrantWrite = ({ request }: Loss): boolean =>
  /x-amz-target: DynamoDB_20120810\.UpdateItem/i.test(request) && bodyOf(request).includes('"grant#');

export const noteLosses = (provider: Provider) => {
  const counts = {
    /** Answers of the token endpoint that brought new tokens and did not arrive. */
    tokenAnswers: 0,
    /** Answers of the store that did not arrive although the write had taken effect. */
    writeAnswers: 0,
    /** Of those: writes that stored new tokens. */
    commitAnswers: 0,
  };
  return {
    counts,
    atProvider: (loss: Loss): void => {
      if (loss.direction !== 'answer') return;
      const ownerId = provider.ownerOfToken(presentedToken(loss.request));
      if (ownerId === undefined) return;
      if (isOk(loss.answer)) counts.tokenAnswers += 1;
      provider.forgiveNext(ownerId);
    },
    atStore: (loss: Loss): void => {
      if (loss.kind === 'left') return;
      if (!isGrantWrite(loss)) return;
      if (isOk(loss.answer)) {
        counts.writeAnswers += 1;
        if (/accessToken|rotatedAt/.test(bodyOf(loss.request))) counts.commitAnswers += 1;
      }
    },
  };
};
