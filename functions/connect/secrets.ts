/** What is handed out and never stored: link secrets, states, browser cookies, code verifiers. */
import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits in base64url: 43 characters, which RFC 7636 §4.1 takes for a code verifier too. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** SHA-256 in base64url: what is stored of a secret, and what `S256` makes of a code verifier (RFC 7636 §4.2). */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

const handlePattern = /^([A-Za-z0-9-]{1,64})\.([A-Za-z0-9_-]{43})$/;

export type Handle = { readonly linkId: string; readonly secret: string };

/** `<linkId>.<secret>`: a link's parameter, or the `state` of a sign-in. */
export const formatHandle = ({ linkId, secret }: Handle): string => `${linkId}.${secret}`;

export const parseHandle = (text: string | undefined): Handle | undefined => {
  const [, linkId, secret] = handlePattern.exec(text ?? '') ?? [];
  return linkId === undefined || secret === undefined ? undefined : { linkId, secret };
};
