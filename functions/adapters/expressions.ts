/** DynamoDB expressions for a compare-and-set that writes only what changed. */

import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { table } from './table.ts';

/** Attributes by name; what is undefined is not stored. */
export type Attributes = Record<string, unknown>;

type Expression = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

const marshallOptions = { removeUndefinedValues: true };

const differs = (a: unknown, b: unknown): boolean => a !== b && JSON.stringify(a) !== JSON.stringify(b);

/**
 * Sets and removes what differs between two versions, on the condition that the stored one is still `previousNonce`'s (undefined:
 * that there is none). Attributes that this version does not know are left alone. Names go through placeholders: several are reserved.
 */
export const compareAndSet = (
  previous: Attributes,
  previousNonce: string | undefined,
  next: Attributes,
  nonce: string,
): Expression => {
  const creates = previousNonce === undefined;
  const names: Record<string, string> = { '#nonce': 'nonce', ...(creates && { '#pk': table.partitionKey }) };
  const values: Attributes = { ':nonce': nonce, ...(!creates && { ':previous': previousNonce }) };
  const sets: string[] = ['#nonce = :nonce'];
  const removes: string[] = [];
  const changed = [...new Set([...Object.keys(previous), ...Object.keys(next)])].filter(name =>
    differs(previous[name], next[name]),
  );
  for (const [index, name] of changed.entries()) {
    names[`#n${index}`] = name;
    if (next[name] === undefined) {
      removes.push(`#n${index}`);
    } else {
      sets.push(`#n${index} = :v${index}`);
      values[`:v${index}`] = next[name];
    }
  }
  return {
    UpdateExpression: `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`,
    ConditionExpression: creates ? 'attribute_not_exists(#pk)' : '#nonce = :previous',
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: marshall(values, marshallOptions),
  };
};
