/** Errors of AWS's SDK and of the network as failures, with what usually helps. Pure. */
import { Failure } from './failure.ts';

/** What was tried: for IAM, and for people. */
export type Attempt = {
  /** Such as `lambda:InvokeFunction`. */
  readonly permission: string;
  readonly resource: string;
  /** Of the local run; absent: AWS. */
  readonly localUrl?: string;
};

type Raised = { readonly name?: string; readonly message?: string; readonly code?: string };

const denied = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AuthorizationError)$/;
const noCredentials = /^(CredentialsProviderError|TokenProviderError|CredentialsError)$/;
const badCredentials =
  /^(ExpiredToken|ExpiredTokenException|UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId)$/;
const badSignature =
  /^(InvalidSignatureException|SignatureDoesNotMatch|RequestTimeTooSkewed|RequestExpired)$/;
const unreachable =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE)$/;

export const isDenied = (error: unknown): boolean => denied.test((error as Raised).name ?? '');

const credentials = 'Choose credentials as for the AWS CLI: --profile, AWS_PROFILE, or `aws sso login`.';

const explain = (name: string, { permission, resource, localUrl }: Attempt): [string, string] | undefined => {
  if (denied.test(name)) return [`AWS does not allow ${permission}.`, `Allow ${permission} on ${resource}.`];
  if (noCredentials.test(name))
    return ['There are no usable AWS credentials.', `${credentials} Or --local, for the local run.`];
  if (badCredentials.test(name)) return ['AWS does not accept these credentials.', `${credentials}`];
  if (badSignature.test(name))
    return ['AWS does not accept the signature.', "Set this machine's clock, and check the credentials."];
  if (/Throttl|TooManyRequests/.test(name)) return ['AWS is limiting requests.', 'Try again in a moment.'];
  if (unreachable.test(name) || name === 'TimeoutError') {
    return localUrl === undefined
      ? ['AWS could not be reached.', 'Check the network, and the region: --region.']
      : [
          `Nothing answers at ${localUrl}.`,
          '`npm start` in a copy of the repository starts the local run; --local URL says where it is.',
        ];
  }
  if (name === 'ResourceNotFoundException')
    return [
      `${resource} does not exist.`,
      'Is it the right --stack and --region? Otherwise deploy it again.',
    ];
  return undefined;
};

/** Errors' own messages can quote what was sent, so only names are shown, and messages of AWS about a region or a profile. */
export const awsFailure = (error: unknown, attempt: Attempt): Failure => {
  if (error instanceof Failure) return error;
  const { name = 'Error', message = '', code } = error as Raised;
  if (/region is missing/i.test(message)) {
    return new Failure('no-region', 'The AWS region is not known.', {
      advice: 'Say --region, or set AWS_REGION, or a region in the profile.',
    });
  }
  const [what, advice] = explain(code ?? name, attempt) ?? explain(name, attempt) ?? [];
  return new Failure(code ?? name, what ?? `${attempt.permission} failed.`, {
    ...(advice !== undefined && { advice }),
  });
};
