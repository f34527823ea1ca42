import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { run } from '@stamp-ledger/cli';
import { type LedgerProcess, plainEnvironment, ROOT } from './server-process.js';

/** The command line program's script. */
export const CLI = join(ROOT, 'services/cli/bin/stamp-ledger.js');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as one JSON document. */
  json(): Record<string, unknown>;
  /** stdout as JSON lines. */
  jsonLines(): Record<string, unknown>[];
}

/** Runs the command line program as a user would, in a process of its own. */
export async function cliProcess(
  args: readonly string[],
  stdin: string | Buffer = '',
  variables: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: 'pipe',
    cwd: '/',
    env: { ...plainEnvironment(), ...variables },
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return resultOf(code, stdout, stderr);
}

const resultOf = (code: number | null, stdout: string, stderr: string): CliResult => {
  return {
    code,
    stdout,
    stderr,
    json: () => JSON.parse(stdout) as Record<string, unknown>,
    jsonLines: () =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
};

/**
 * Runs a command line in this process: starting one costs more than what most commands do. One after another where they
 * have `variables`, which stand in the environment meanwhile.
 */
export async function cli(
  args: readonly string[],
  stdin: string | Buffer = '',
  variables: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return await runHere(args, stdin);
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
}

async function runHere(args: readonly string[], stdin: string | Buffer): Promise<CliResult> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const read = Promise.all([text(stdout), text(stderr)]);
  const code = await run(args, { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr });
  stdout.end();
  stderr.end();
  return resultOf(code, ...(await read));
}

/** Command lines pointed at a ledger, in this process. */
export const cliFor =
  (ledger: LedgerProcess) =>
  (args: readonly string[], stdin?: string | Buffer): Promise<CliResult> =>
    cli([...args, '--url', ledger.url, '--token-file', ledger.tokenFile], stdin);
