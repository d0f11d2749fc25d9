/** Why no agent came to be on a host, in words, with what to do about it. Pure. */

import { CliError } from '../failure.ts';

/** What is known of an attempt. */
export interface Attempt {
  readonly host: string;
  /** "ssh ended with exit status 255", or what else became of it. */
  readonly how: string;
  /** What it said in place of an agent, on both ways. */
  readonly said: string;
}

const byHand = (host: string) => `\`ssh ${host} true\` has to work without a question`;

/** What ssh and shells say, and what helps. */
const remedies: readonly (readonly [said: RegExp, remedy: (host: string) => string])[] = [
  [
    /host key verification failed|no .* host key is known/i,
    (host) => `its key has to be in known_hosts: ${byHand(host)}`,
  ],
  [
    /permission denied|too many authentication failures/i,
    (host) => `a key without a question is needed: ${byHand(host)}`,
  ],
  [
    /could not resolve hostname|name or service not known/i,
    () => 'mind the name in the hostfile, or give it a Host entry in ~/.ssh/config',
  ],
  [
    /connection refused|timed out|no route to host|network is unreachable/i,
    () => 'is it up, and does an sshd listen there?',
  ],
  [/spawn \S+ ENOENT/, () => 'it has to be installed here; --launch-agent says how else hosts are reached'],
  [/not found|no such file|cannot find module/i, () => '--remote-command says how ipscsi is called there'],
];

/** The lines that matter, as one. */
const summary = (said: string): string =>
  said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(Node\.js v|at |\^)/.test(line))
    .slice(-6)
    .join(' | ')
    .slice(0, 600);

export function launchFailure({ host, how, said }: Attempt): CliError {
  const words = summary(said);
  const [, remedy] = remedies.find(([pattern]) => pattern.test(`${said} ${how}`)) ?? [];
  return new CliError(
    'unreachable',
    `host ${host}: no agent could be started: ${how}${words && `: ${words}`}`,
    undefined,
    remedy?.(host),
  );
}
