/** How a run is ended from outside. */

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** As a shell reports a process that a signal ended: 128 + SIGINT. */
const impatientExitCode = 130;

const orphanCheckMs = 250;

/** npm hands a signal to the shell that it started, and that shell dies of it without passing it on. */
const onOrphaned = (listener: () => void): void => {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    listener();
  }, orphanCheckMs);
  timer.unref();
};

/**
 * Fulfilled by the first signal, or when nobody is there any more: npm, or whoever reads the output. A second signal ends the process
 * at once.
 */
export const untilAskedToEnd = (): Promise<string> =>
  new Promise(resolve => {
    let signalled = false;
    const signal = (name: string): void => {
      if (signalled) process.exit(impatientExitCode);
      signalled = true;
      resolve(name);
    };
    for (const name of signals) process.on(name, () => signal(name));
    if (process.env.npm_lifecycle_event !== undefined) onOrphaned(() => resolve('npm ended'));
    process.stdout.on('error', () => resolve('nobody reads the output'));
  });
