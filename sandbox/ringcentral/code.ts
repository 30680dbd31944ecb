/** Authorization codes and PKCE (RFC 6749 §4.1, RFC 7636). Pure. */

import { createHash, timingSafeEqual } from 'node:crypto';

export type CodeChallenge = { readonly value: string; readonly method: 'S256' | 'plain' };

export type AuthorizationCode = {
  readonly clientId: string;
  readonly ownerId: string;
  readonly redirectUri: string;
  readonly challenge?: CodeChallenge;
  readonly expiresAt: number;
  used: boolean;
};

/** Equal, in a time that does not tell where they differ. */
export const sameText = (a: string, b: string): boolean => {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

/**
 * RFC 7636 §4.6. A verifier without a challenge is refused as well: somebody may have cut the challenge off the
 * authorisation request (RFC 9700 §2.1.1).
 */
export const verifierMatches = (
  challenge: CodeChallenge | undefined,
  verifier: string | undefined,
): boolean => {
  if (challenge === undefined || verifier === undefined)
    return challenge === undefined && verifier === undefined;
  const expected =
    challenge.method === 'plain' ? verifier : createHash('sha256').update(verifier).digest('base64url');
  return sameText(expected, challenge.value);
};
