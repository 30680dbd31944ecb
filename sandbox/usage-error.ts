/** What the person at the keyboard can put right: one clear line on stderr, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
