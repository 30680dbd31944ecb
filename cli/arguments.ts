/** What the words of the command line mean. Pure; a word that is no good is not repeated where it could be a token. */
import { InvalidArgumentError } from 'commander';
import { grantIdPattern } from '../functions/domain/grant.ts';

export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };

/** For people's eyes only: nothing waits less long than a tenth of a second. */
export const seconds = (text: string): number => {
  const value = /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0.1 && value <= 86_400) return value;
  throw new InvalidArgumentError('It must be a number of seconds from 0.1 to 86400.');
};

export const isGrantId = (text: string): boolean => grantIdPattern.test(text);
