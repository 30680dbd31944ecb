/** A fact, or why it could not be had: whatever fails, the other facts are looked for all the same. */
import { type Attempt, awsFailure } from '../aws-failure.ts';
import { Failure } from '../failure.ts';
import { type Fact, fact } from './facts.ts';

const missing = ({ code, message, advice }: Failure): Fact<never> => ({
  known: false,
  skipped: false,
  code,
  why: `${message} (${code})`,
  ...(advice !== undefined && { todo: advice }),
});

/** Asks AWS, or the local run. */
export const fromAws = async <T>(attempt: Attempt, ask: () => Promise<T>): Promise<Fact<T>> => {
  try {
    return fact(await ask());
  } catch (error) {
    return missing(awsFailure(error, attempt));
  }
};

/** Asks the keeper, whose failures say what they are. */
export const fromKeeper = async <T>(ask: () => Promise<T>): Promise<Fact<T>> => {
  try {
    return fact(await ask());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // The API's own detail says it all; its code decides.
    return { ...missing(error), why: error.message } as Fact<never>;
  }
};
