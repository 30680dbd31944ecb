/** Completion scripts, made from the definitions of the commands. Pure. */
import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

type Completed = {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** What its first argument may be; empty: anything. */
  readonly choices: readonly string[];
  readonly takesFile: boolean;
};

/** The longest first word of a description is enough in a menu. */
const brief = (text: string): string => text.split(/[:;,.]/)[0] ?? '';

const flagsOf = (options: readonly Option[]): string[] =>
  options.flatMap(({ short, long }) => [short, long]).filter(flag => flag !== undefined);

const completedOf = (program: Command): Completed[] =>
  program.commands.map(command => ({
    name: command.name(),
    description: brief(command.description()),
    options: [...command.options, ...program.options],
    choices: command.registeredArguments[0]?.argChoices ?? [],
    takesFile: command.registeredArguments.some(argument => argument.name() === 'file'),
  }));

/** Options whose value is one of a few, by flag. */
const choicesByFlag = (commands: readonly Completed[]): [string, readonly string[]][] => [
  ...new Map(
    commands
      .flatMap(({ options }) => options)
      .flatMap(({ long, argChoices }) =>
        long !== undefined && argChoices !== undefined ? [[long, argChoices] as const] : [],
      ),
  ),
];

/** Options that take a value of any kind. */
const valueFlags = (commands: readonly Completed[]): string[] => [
  ...new Set(
    commands
      .flatMap(({ options }) => options)
      .flatMap(({ long, required, argChoices }) =>
        required && argChoices === undefined && long ? [long] : [],
      ),
  ),
];

const bash = (program: Command): string => {
  const name = program.name();
  const commands = completedOf(program);
  const wordsOf = ({ choices, options }: Completed) => [...choices, ...flagsOf(options), '--help'].join(' ');
  return `# bash completion of ${name}
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command='' word
  COMPREPLY=()
  case $previous in
${choicesByFlag(commands)
  .map(
    ([flag, choices]) =>
      `    ${flag}) COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current")); return ;;`,
  )
  .join('\n')}
    ${valueFlags(commands).join('|')}) return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      ${commands.map(command => command.name).join('|')}) command=$word; break ;;
    esac
  done
  case $command in
${commands
  .map(
    command =>
      `    ${command.name}) COMPREPLY=($(compgen -W '${wordsOf(command)}' -- "$current")${command.takesFile ? ' $(compgen -f -- "$current")' : ''}) ;;`,
  )
  .join('\n')}
    *) COMPREPLY=($(compgen -W '${[...commands.map(command => command.name), 'help', ...flagsOf(program.options), '--help'].join(' ')}' -- "$current")) ;;
  esac
}
complete -F _${name} ${name}
`;
};

/** In single quotes, for zsh and fish. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const zsh = (program: Command): string => {
  const name = program.name();
  const commands = completedOf(program);
  const described = (word: string, description: string) =>
    quoted(`${word.replaceAll(':', '\\:')}:${brief(description)}`);
  const optionsOf = ({ options }: Completed) =>
    options.flatMap(({ long, description }) => (long === undefined ? [] : [described(long, description)]));
  return `#compdef ${name}
# zsh completion of ${name}
_${name}() {
  local -a entries
  local command word
  case $words[CURRENT-1] in
${choicesByFlag(commands)
  .map(([flag, choices]) => `    ${flag}) compadd ${choices.join(' ')}; return ;;`)
  .join('\n')}
  esac
  for word in $words[2,CURRENT-1]; do
    case $word in
      ${commands.map(command => command.name).join('|')}) command=$word; break ;;
    esac
  done
  case $command in
${commands
  .map(
    command =>
      `    ${command.name}) entries=(${optionsOf(command).join(' ')}); _describe option entries${command.choices.length > 0 ? `; compadd ${command.choices.join(' ')}` : ''}${command.takesFile ? '; _files' : ''} ;;`,
  )
  .join('\n')}
    *) entries=(${commands.map(command => described(command.name, command.description)).join(' ')}); _describe command entries ;;
  esac
}
compdef _${name} ${name}
`;
};

const fish = (program: Command): string => {
  const name = program.name();
  const commands = completedOf(program);
  const optionLine = (condition: string, { short, long, description, required, argChoices }: Option) =>
    [
      `complete -c ${name}${condition}`,
      ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
      ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
      ...(required ? ['-x'] : []),
      ...(argChoices === undefined ? [] : [`-a ${quoted(argChoices.join(' '))}`]),
      `-d ${quoted(brief(description))}`,
    ].join(' ');
  const own = new Map(program.commands.map(command => [command.name(), command.options]));
  return `# fish completion of ${name}
complete -c ${name} -f
${program.options.map(option => optionLine('', option)).join('\n')}
${commands
  .flatMap(({ name: command, description, choices, takesFile }) => {
    const inside = ` -n ${quoted(`__fish_seen_subcommand_from ${command}`)}`;
    return [
      `complete -c ${name} -n __fish_use_subcommand -a ${command} -d ${quoted(description)}`,
      ...(choices.length > 0 ? [`complete -c ${name}${inside} -a ${quoted(choices.join(' '))}`] : []),
      ...(takesFile ? [`complete -c ${name}${inside} -F`] : []),
      ...(own.get(command) ?? []).map(option => optionLine(inside, option)),
    ];
  })
  .join('\n')}
`;
};

export const completionScript = (shell: Shell, program: Command): string => {
  switch (shell) {
    case 'bash':
      return bash(program);
    case 'zsh':
      return zsh(program);
    case 'fish':
      return fish(program);
  }
};
