import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const functionsFolder = join(import.meta.dirname, '../../functions');
const client = '../client';

const filesOf = (folder: string): string[] =>
  readdirSync(join(functionsFolder, folder))
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name));

const read = (file: string): string => readFileSync(join(functionsFolder, file), 'utf8');

const importsOf = (file: string): string[] =>
  [...read(file).matchAll(/^(?:import|export)[^;]*?from '([^']+)'/gms)].map(match => match[1] ?? '');

describe('the domain is pure', () => {
  it.each(filesOf('domain'))('%s imports nothing but the domain', file => {
    for (const imported of importsOf(file)) expect(imported).toMatch(/^\.\/[a-z-]+\.ts$/);
  });

  it.each(filesOf('domain'))('%s has no clock, no randomness, no I/O', file => {
    expect(read(file)).not.toMatch(
      /Date\.now|new Date\(\)|Math\.random|randomUUID|fetch\(|process\.|setTimeout|await |console\./,
    );
  });
});

describe('the keeper knows ports only', () => {
  it.each(filesOf('keeper'))('%s imports the domain and the keeper only', file => {
    for (const imported of importsOf(file)) expect(imported).toMatch(/^(\.\/|\.\.\/domain\/)[a-z-]+\.ts$/);
  });

  it.each(filesOf('keeper'))('%s takes time and randomness through its ports', file => {
    expect(read(file)).not.toMatch(
      /Date\.now|new Date\(|Math\.random|randomUUID|fetch\(|process\.|setTimeout/,
    );
  });
});

describe('the adapters know nothing of the keeper but its ports', () => {
  it.each(filesOf('adapters'))('%s', file => {
    for (const imported of importsOf(file).filter(name => name.includes('/keeper/'))) {
      expect(imported).toBe('../keeper/ports.ts');
    }
  });
});

describe('the client', () => {
  it.each(filesOf(client))('%s takes of the functions the routes and the pattern of grant ids only', file => {
    for (const imported of importsOf(file).filter(name => name.startsWith('../'))) {
      expect(['../functions/api/routes.ts', '../functions/domain/grant.ts']).toContain(imported);
    }
  });

  it.each(filesOf(client))('%s loads the AWS SDK with the first request only', file => {
    expect(read(file)).not.toMatch(/^import (?!type ).*'@aws-sdk/m);
  });
});
