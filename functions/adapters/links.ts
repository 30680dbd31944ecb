/** Connect links in the table: `link#<linkId>`, the only records that the connect function reaches. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { grantIdPattern, strategies } from '../domain/grant.ts';
import { type Link, linkPhases } from '../domain/link.ts';
import type { Records } from '../keeper/ports.ts';
import { type Codec, createRecords } from './items.ts';
import { table } from './table.ts';

const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(8.64e15));
const seconds = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.minLength(1));
const optional = v.exactOptional;

const linkSchema = v.object({
  linkId: text,
  secretHash: text,
  grantId: v.pipe(v.string(), v.regex(grantIdPattern)),
  app: text,
  server: text,
  clientId: text,
  pkce: v.boolean(),
  endpointId: optional(text),
  strategy: optional(v.picklist(strategies)),
  label: optional(v.string()),
  returnTo: optional(text),
  allowOwnerChange: v.boolean(),
  accessTokenTtlSeconds: optional(seconds),
  refreshTokenTtlSeconds: optional(seconds),
  expiresAt: time,
  phase: v.picklist(linkPhases),
  browserHash: optional(text),
  stateHash: optional(text),
  codeVerifier: optional(text),
  since: time,
  deleteAtSeconds: v.pipe(seconds, v.maxValue(8.64e12)),
});

const { linkKeyPrefix: keyPrefix } = table;

/** `phase` and not `state`: by that name the index of grants by state would hold it. */
export const linkCodec: Codec<Link> = {
  keyPrefix,
  encode: ({ deleteAt, ...link }) => ({ ...link, deleteAtSeconds: deleteAt / 1000 }),
  decode: attributes => {
    const { deleteAtSeconds, ...link } = v.parse(linkSchema, attributes);
    if (attributes[table.partitionKey] !== keyPrefix + link.linkId)
      throw new Error('the record of another link');
    return { ...link, deleteAt: deleteAtSeconds * 1000 };
  },
};

export const createLinks = (
  client: DynamoDBClient,
  tableName: string,
  newNonce: () => string,
): Records<Link> => createRecords(client, tableName, linkCodec, newNonce);
