/** What a compare-and-set sends: what differs, and the condition. */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../functions/adapters/expressions.ts';
import { compareAndSet } from '../../functions/adapters/expressions.ts';

const sent = (previous: Attributes, next: Attributes) => {
  const { ExpressionAttributeValues: values = {}, ...rest } = compareAndSet(previous, 'n1', next, 'n2');
  return { ...rest, values: unmarshall(values) };
};

describe('a compare-and-set', () => {
  it('of something new demands that there is nothing, and sets all of it', () => {
    const { ExpressionAttributeValues: values = {}, ...rest } = compareAndSet({}, undefined, { a: 1 }, 'n1');
    expect(rest).toEqual({
      UpdateExpression: 'SET #nonce = :nonce, #n0 = :v0',
      ConditionExpression: 'attribute_not_exists(#pk)',
      ExpressionAttributeNames: { '#nonce': 'nonce', '#pk': 'pk', '#n0': 'a' },
    });
    expect(unmarshall(values)).toEqual({ ':nonce': 'n1', ':v0': 1 });
  });

  it('sets what has changed, removes what is gone, and leaves the rest alone', () => {
    expect(sent({ a: 1, b: 2, c: 3 }, { a: 1, b: 9, d: 4 })).toEqual({
      UpdateExpression: 'SET #nonce = :nonce, #n0 = :v0, #n2 = :v2 REMOVE #n1',
      ConditionExpression: '#nonce = :previous',
      ExpressionAttributeNames: { '#nonce': 'nonce', '#n0': 'b', '#n1': 'c', '#n2': 'd' },
      values: { ':nonce': 'n2', ':previous': 'n1', ':v0': 9, ':v2': 4 },
    });
  });

  it('does not write a list again that is the same in content', () => {
    const retired = () => [{ token: 'a', expiresAt: 1 }];
    expect(sent({ retired: retired() }, { retired: retired() }).UpdateExpression).toBe('SET #nonce = :nonce');
  });

  it('stores nothing for what is undefined, deep inside too', () => {
    expect(sent({}, { retired: [{ token: 'a', retryAt: undefined }] }).values).toEqual({
      ':nonce': 'n2',
      ':previous': 'n1',
      ':v0': [{ token: 'a' }],
    });
  });
});
