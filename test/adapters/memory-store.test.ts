import { createMemoryStore } from '../keeper/memory-store.ts';
import { describeGrantStore } from './grant-store.contract.ts';

// What the keeper's tests stand on must keep the same promises.
describeGrantStore('the grant store in memory', createMemoryStore);
