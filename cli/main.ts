#!/usr/bin/env node
/** `ringbearer`: the command line of a deployed Ringbearer, or of the local run. */
import { exitCodes } from './failure.ts';
import { runCli } from './run.ts';

// The bundle runs on the user's Node: which ones AWS still supports is not this command's to say.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const end = (exitCode: number): never => {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  process.exit(exitCode);
};

/** Who reads has gone: `ringbearer list | head -1`. */
const onError = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
};
process.stdout.on('error', onError);
process.stderr.on('error', onError);
process.once('SIGINT', () => end(exitCodes.interrupted));
process.once('SIGTERM', () => end(143));

const exitCode = await runCli(process.argv.slice(2));
// What is written to a pipe may be on its way still; connections that are kept alive are not waited for.
process.stdout.write('', () => process.exit(exitCode));
