import type { RateLimitScope } from '../../functions/domain/settings.ts';
import { gather } from '../doctor/gather.ts';
import { judge } from '../doctor/judge.ts';
import { renderFindings } from '../doctor/report.ts';
import { type ExitCode, exitCodes } from '../failure.ts';
import type { Session } from '../session.ts';

type Options = {
  /** False: `--no-probe`. */
  readonly probe: boolean;
  readonly rateLimitScope?: RateLimitScope;
};

export const doctor = async (session: Session, options: Options): Promise<ExitCode> => {
  const { terminal, deployment } = session;
  const facts = await gather(session, options);
  const findings = judge(facts);
  if (terminal.json) {
    const checkedAt = new Date(facts.now).toISOString();
    terminal.printJson({ target: deployment.title, checkedAt, findings });
  } else {
    terminal.print(renderFindings(findings, terminal.colors));
  }
  return findings.some(({ severity }) => severity === 'problem') ? exitCodes.failed : exitCodes.ok;
};
