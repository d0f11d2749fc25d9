/** Commands whose modules are imported only when they are called for. */

import { Command } from 'commander';

export interface Lazy {
  readonly summary: string;
  /** Not in the help: what other commands call. */
  readonly hidden?: boolean;
  load(): Promise<Command>;
}

/** Adds every command; those that the arguments name are loaded, the others are there for the help alone. */
export async function addLazily(
  program: Command,
  commands: Readonly<Record<string, Lazy>>,
  args: readonly string[],
): Promise<Command> {
  for (const [name, { summary, hidden = false, load }] of Object.entries(commands)) {
    const command = args.includes(name) ? await load() : new Command(name);
    program.addCommand(command.summary(summary), { hidden });
  }
  for (const each of [program, ...program.commands])
    each
      .exitOverride()
      .configureOutput({ outputError: () => undefined })
      .helpOption('-h, --help', 'show this help');
  return program;
}
