/** A deployed stack, with a scripted AWS: found by name, asked through the alias that may, and clear when it is not so. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiFailure } from '../../cli/api-failure.ts';
import { awsFailure } from '../../cli/aws-failure.ts';
import { Failure } from '../../cli/failure.ts';
import { fillLocal, targetOf } from '../../cli/target.ts';
import { cli } from './cli.ts';
import { type Answer, type Asked, awsError, type Fake, good, invocationOf, startFake } from './fake.ts';
import { viewWith } from './grant-views.ts';

const arn = (name: string) => `arn:aws:lambda:eu-central-1:123456789012:function:${name}`;
const outputs = {
  GetAliasArn: arn('stack-api:get'),
  RevokeAliasArn: arn('stack-api:revoke'),
  AdminAliasArn: arn('stack-api:admin'),
  ApiFunctionName: 'stack-api',
  SweepFunctionName: 'stack-sweep',
};

const xml = (body: string): Answer => ({ headers: { 'content-type': 'text/xml' }, body });
const described = (values: object): Answer =>
  xml(
    `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>Ringbearer</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${Object.entries(
      values,
    )
      .map(
        ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
      )
      .join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  );
const xmlError = (status: number, code: string, message: string): Answer => ({
  ...xml(
    `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  ),
  status,
});

let fake: Fake;
let stack: Answer;
let lambda: (asked: Asked) => Answer;
beforeEach(async () => {
  stack = described(outputs);
  lambda = () => good(viewWith({}));
  fake = await startFake(asked => (asked.path.startsWith('/2015-03-31/') ? lambda(asked) : stack));
});
afterEach(() => fake.close());

const keys = { AWS_ACCESS_KEY_ID: 'AKIDFROMENV', AWS_SECRET_ACCESS_KEY: 'secret' };
const ask = (args: string[], env: Record<string, string> = { ...keys, AWS_REGION: 'eu-central-1' }) =>
  cli(args, { env: { AWS_ENDPOINT_URL: fake.url, AWS_MAX_ATTEMPTS: '1', ...env } });

const authorizations = () => fake.asked.map(({ headers }) => headers.authorization ?? '');
const invoked = () =>
  fake.asked.slice(1).map(asked => [invocationOf(asked).name, invocationOf(asked).alias].join(':'));

describe('a deployed stack', () => {
  it('is found by its name, and asked through the least privileged alias', async () => {
    const { code, stdout, stderr } = await ask(['show', 'acme:101', '--stack', 'Mine', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ grantId: 'acme:101' });
    expect(new URLSearchParams(fake.asked[0]?.body).get('StackName')).toBe('Mine');
    expect(invoked()).toEqual(['stack-api:get']);
  });

  it('is called Ringbearer by default', async () => {
    await ask(['sweep', '--dry-run', '--json']);
    expect(new URLSearchParams(fake.asked[0]?.body).get('StackName')).toBe('Ringbearer');
    expect(invoked()).toEqual(['stack-sweep:']);
  });

  it('is asked through admin by whoever may invoke only that', async () => {
    lambda = asked =>
      invocationOf(asked).alias === 'admin'
        ? good(viewWith({ state: 'revoked' }))
        : awsError(403, 'AccessDeniedException', 'User: arn:aws:iam::1:user/x is not authorized');
    const { code, stdout } = await ask(['revoke', 'acme:101', '--yes']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Revoked acme:101.\n' });
    expect(invoked()).toEqual(['stack-api:revoke', 'stack-api:admin']);
  });

  it('that may not be asked at all says which permission is missing', async () => {
    lambda = () => awsError(403, 'AccessDeniedException', 'not authorized');
    const { code, stderr } = await ask(['list']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `AccessDeniedException: AWS does not allow lambda:InvokeFunction.\nAllow lambda:InvokeFunction on ${outputs.AdminAliasArn}.\n`,
    );
  });

  it.each([
    ['--region', ['--region', 'ap-south-1'], { AWS_REGION: 'eu-central-1' }, 'ap-south-1'],
    ['AWS_REGION', [], { AWS_REGION: 'eu-central-1', AWS_DEFAULT_REGION: 'us-west-2' }, 'eu-central-1'],
    ['AWS_DEFAULT_REGION', [], { AWS_DEFAULT_REGION: 'us-west-2' }, 'us-west-2'],
  ])('is looked for in the region of %s', async (_, args, env, region) => {
    await ask(['show', 'acme:101', ...args], { ...keys, ...env });
    expect(authorizations()).toHaveLength(2);
    for (const authorization of authorizations()) expect(authorization).toContain(`/${region}/`);
  });
});

describe('a profile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringbearer-aws-'));
    writeFileSync(
      join(folder, 'credentials'),
      '[work]\naws_access_key_id = AKIDOFWORK\naws_secret_access_key = secret\n',
    );
    writeFileSync(join(folder, 'config'), '[profile work]\nregion = sa-east-1\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const files = () => ({
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    AWS_CONFIG_FILE: join(folder, 'config'),
  });

  it.each([
    ['--profile, whatever the environment has', ['--profile', 'work'], keys],
    ['AWS_PROFILE', [], { AWS_PROFILE: 'work' }],
  ])('is chosen with %s: its credentials and its region', async (_, args, env) => {
    const { code } = await ask(['show', 'acme:101', ...args], { ...files(), ...env });
    expect(code).toBe(0);
    for (const authorization of authorizations()) {
      expect(authorization).toContain('Credential=AKIDOFWORK/');
      expect(authorization).toContain('/sa-east-1/');
    }
  });
});

describe('where it is not so', () => {
  it.each([
    [
      'there is no such stack',
      () => xmlError(400, 'ValidationError', 'Stack with id Ringbearer does not exist'),
      /^stack-not-found: There is no stack Ringbearer in eu-central-1\.\nName it with --stack/,
    ],
    [
      'the stack may not be described',
      () => xmlError(403, 'AccessDenied', 'no'),
      /^AccessDenied: AWS does not allow cloudformation:DescribeStacks\./,
    ],
    [
      'the credentials have expired',
      () => xmlError(403, 'ExpiredToken', 'The security token included in the request is expired'),
      /^ExpiredToken: AWS does not accept these credentials\.\n.*aws sso login/,
    ],
    [
      'the stack is another one',
      () => described({ Url: 'x' }),
      /^output-missing: The stack Ringbearer in eu-central-1 has no output AdminAliasArn\.\nIs it a Ringbearer stack/,
    ],
  ])('%s, it says so', async (_, answer, message) => {
    stack = answer();
    const { code, stdout, stderr } = await ask(['list']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it.each([
    ['there is no region', keys, /^no-region: /],
    [
      'there are no credentials',
      { AWS_REGION: 'eu-central-1' },
      /^CredentialsProviderError: There are no usable AWS credentials\./,
    ],
  ])('%s, it says so', async (_, env, message) => {
    const { code, stderr } = await ask(['list'], env);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  it.each([
    [
      'the alias is gone',
      awsError(404, 'ResourceNotFoundException'),
      /^ResourceNotFoundException: .*does not exist\.\n.*--stack/,
    ],
    [
      'the function crashed',
      {
        headers: { 'x-amz-function-error': 'Unhandled' },
        body: { errorType: 'Runtime.ExitError', errorMessage: 'secret' },
      },
      /^function-failed: .*\(Runtime\.ExitError\)\.\nIts log/,
    ],
    ['it is another function', { body: { hello: 'world' } }, /^unexpected-answer: /],
    ['what it answers is no JSON', { body: 'hello' }, /^unexpected-answer: /],
    [
      'there are too many requests',
      awsError(429, 'TooManyRequestsException'),
      /^TooManyRequestsException: AWS is limiting/,
    ],
  ])('%s, it says so', async (_, answer, message) => {
    lambda = () => answer;
    const { code, stderr } = await ask(['list']);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('secret');
  });
});

describe('a failure', () => {
  const attempt = { permission: 'x:Y', resource: 'z' };
  it('of AWS that nobody knows shows its name and not its message', () => {
    const failure = awsFailure(Object.assign(new Error('token abc'), { name: 'OddException' }), attempt);
    expect(failure).toMatchObject({ code: 'OddException', message: 'x:Y failed.' });
  });

  it('that is one already stays as it is', () => {
    const failure = new Failure('a', 'b');
    expect(awsFailure(failure, attempt)).toBe(failure);
  });

  it.each([
    ['reauthorization-required', 3],
    ['grant-revoked', 3],
    ['refresh-limited', 4],
    ['refresh-pending', 4],
    ['provider-unavailable', 4],
    ['grant-not-found', 1],
    ['invalid-request', 1],
    ['misconfigured', 1],
  ] as const)('of the API with the code %s is exit code %d', (code, exitCode) => {
    const problem = { type: '', title: '', status: 400, code, detail: 'Detail.' };
    expect(apiFailure(problem, 'a:1')).toMatchObject({ code, message: 'Detail.', exitCode });
  });

  it('says when to ask again', () => {
    const problem = {
      type: '',
      title: '',
      status: 503,
      code: 'refresh-pending',
      detail: 'D',
      retryAfterSeconds: 7,
    } as const;
    expect(apiFailure(problem, 'a:1').advice).toBe('Ask again in 7 s.');
  });
});

describe('the target', () => {
  it.each([
    [
      ['--local', 'list'],
      ['--local=http://127.0.0.1:4000', 'list'],
    ],
    [
      ['show', '--local', 'acme:101'],
      ['show', '--local=http://127.0.0.1:4000', 'acme:101'],
    ],
    [
      ['list', '--local'],
      ['list', '--local=http://127.0.0.1:4000'],
    ],
    [
      ['list', '--local', 'http://127.0.0.1:1'],
      ['list', '--local', 'http://127.0.0.1:1'],
    ],
    [
      ['list', '--local=http://x'],
      ['list', '--local=http://x'],
    ],
    [
      ['show', '--', '--local'],
      ['show', '--', '--local'],
    ],
  ])('%j means %j', (args, expected) => {
    expect(fillLocal(args)).toEqual(expected);
  });

  it('is a stack by default, and a local run by its URL without a slash', () => {
    expect(targetOf({}, {})).toEqual({ kind: 'stack', stack: 'Ringbearer' });
    expect(targetOf({ local: true }, {})).toEqual({ kind: 'local', url: 'http://127.0.0.1:4000' });
    expect(targetOf({ local: 'http://[::1]:4001/' }, {})).toEqual({
      kind: 'local',
      url: 'http://[::1]:4001',
    });
    expect(() => targetOf({ local: 'ftp://x' }, {})).toThrow(Failure);
  });
});
