import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The repository's root, from `test/dist/support`. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ENTRY = join(ROOT, 'services/ledger/dist/main.js');
const READY = /^stamp-ledger ready (http:\/\/\S+)$/;
const STOP_MILLISECONDS = 12_000;
const START_MILLISECONDS = 30_000;

/** A ledger in a process of its own, on a data directory of its own. */
export interface LedgerProcess {
  readonly url: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly directory: string;
  readonly pid: number;
  /** `kill -9`, then a new process on the same data and port. */
  restart(): Promise<LedgerProcess>;
  kill(): Promise<void>;
  /** SIGTERM; answers the exit code and removes the data. */
  stop(): Promise<number | null>;
}

/** Starts a ledger on a free port, on a new directory unless told, and waits for its ready line. */
export function startLedgerProcess({
  directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-test-')),
  variables = {},
}: {
  readonly directory?: string;
  readonly variables?: Readonly<Record<string, string>>;
} = {}): Promise<LedgerProcess> {
  return launch({ directory, port: 0, variables });
}

/** As a newcomer starts it, on a new directory; nothing is built before. */
export const startWithNpm = (): Promise<LedgerProcess> =>
  launch({
    directory: mkdtempSync(join(tmpdir(), 'stamp-ledger-test-')),
    port: 0,
    variables: {},
    command: ['npm', 'start', '--silent', '--ignore-scripts'],
  });

/** What a ledger that was not to start left behind. */
export interface FailedStart {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a ledger that is expected to give up, with nothing but these variables of its own. */
export async function startInVain(
  variables: Readonly<Record<string, string>>,
  entry = ENTRY,
): Promise<FailedStart> {
  const child = spawn(process.execPath, [entry], {
    env: environment(variables),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: START_MILLISECONDS,
    killSignal: 'SIGKILL',
  });
  endWithParent(child);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

/** The environment without the ledger's variables, and without the test runner's loaders, which would slow a child down. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const isForeign = (name: string): boolean => /^(LEDGER_|TAP_|_TAPJS_|NODE_OPTIONS$)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name)));
}

const environment = (variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...plainEnvironment(),
  ...variables,
});

async function launch({
  directory,
  port,
  variables,
  command = [process.execPath, ENTRY],
}: {
  readonly directory: string;
  readonly port: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly command?: readonly [string, ...string[]];
}): Promise<LedgerProcess> {
  const [program, ...parameters] = command;
  const child = spawn(program, parameters, {
    cwd: ROOT,
    env: environment({
      LEDGER_PORT: String(port),
      LEDGER_DATA_DIR: directory,
      LEDGER_LOG_LEVEL: 'warn',
      ...variables,
    }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithParent(child);
  const url = await readyUrl(child);
  const tokenFile = join(directory, 'admin-token');
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url,
    directory,
    tokenFile,
    token: readFileSync(tokenFile, 'utf8').trim(),
    pid: child.pid ?? 0,
    kill,
    restart: async () => {
      await kill();
      return launch({ directory, port: Number(new URL(url).port), variables, command });
    },
    stop: async () => {
      await terminate(child, kill);
      rmSync(directory, { recursive: true, force: true });
      return child.exitCode;
    },
  };
}

/** However the test process ends, its child ends too: tap ends one that takes too long by SIGALRM or SIGTERM. */
export function endWithParent(child: ChildProcess, how: NodeJS.Signals = 'SIGKILL'): void {
  if (children.size === 0) watchOwnEnd();
  children.set(child, how);
  child.once('exit', () => {
    children.delete(child);
    if (children.size === 0) unwatchOwnEnd();
  });
}

const children = new Map<ChildProcess, NodeJS.Signals>();
const ENDS = ['SIGALRM', 'SIGTERM', 'SIGINT'] as const;

function endChildren(): void {
  for (const [child, how] of children) child.kill(how);
}

function endBySignal(signal: NodeJS.Signals): void {
  endChildren();
  unwatchOwnEnd();
  process.kill(process.pid, signal);
}

function watchOwnEnd(): void {
  process.once('exit', endChildren);
  for (const signal of ENDS) process.once(signal, endBySignal);
}

function unwatchOwnEnd(): void {
  process.off('exit', endChildren);
  for (const signal of ENDS) process.off(signal, endBySignal);
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('the ledger has no stdout');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = READY.exec(line)?.[1];
      if (url === undefined) reject(new Error(`unexpected on stdout: ${line}`));
      else resolve(url);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the ledger ended before it was ready (${code})`)));
  });
}

async function terminate(child: ChildProcess, kill: () => Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  const late = setTimeout(() => void kill(), STOP_MILLISECONDS);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(late);
}
