/** Names in the table that the infrastructure must define and the grant store uses. */
export const table = {
  partitionKey: 'pk',
  /** Of the keys that the connect function may read and write. */
  linkKeyPrefix: 'link#',
  /** Sparse, keys only: the lane's grants by due time. */
  dueIndex: { name: 'due', partitionKey: 'lane', sortKey: 'dueAt' },
  /** Keys only: grants by state. A rotation changes neither key, so it does not write here. */
  stateIndex: { name: 'byState', partitionKey: 'state', sortKey: 'pk' },
  /** Epoch seconds, as DynamoDB's TTL wants it. */
  ttlAttribute: 'deleteAtSeconds',
} as const;
