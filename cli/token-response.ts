/** Reads RingCentral's token response from a file or from stdin. What is read is never quoted. */
import { createReadStream } from 'node:fs';
import { Failure, usage } from './failure.ts';

/** As much as the API takes. */
const maxBytes = 65_536;

const advice = 'Give the path of a JSON file, or - for stdin; never the token itself.';

const readBounded = async (stream: AsyncIterable<Buffer | string>): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes > maxBytes) throw usage(`That is more than ${maxBytes} bytes, and no token response.`, advice);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
};

const parseObject = (text: string): Record<string, unknown> => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's message quotes what it read.
    throw usage('That is not valid JSON.', "It must be RingCentral's token response, as it was received.");
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
    return parsed as Record<string, unknown>;
  }
  throw usage('That is no JSON object.', "It must be RingCentral's token response, as it was received.");
};

/** `-`: stdin. Throws {@link Failure}; the path is not repeated, for somebody may have given a token in its place. */
export const readTokenResponse = async (
  path: string,
  stdin: NodeJS.ReadableStream,
): Promise<Record<string, unknown>> => {
  const stream = path === '-' ? stdin : createReadStream(path);
  try {
    return parseObject(await readBounded(stream as AsyncIterable<Buffer>));
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw usage(`The token response cannot be read (${code}).`, advice);
  }
};
