import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { plainEnvironment } from './server-process.js';

const GUARD = fileURLToPath(new URL('./guarded.js', import.meta.url));

/** A server that ends when this process does, however that ends. */
export interface GuardedProcess {
  /** What it wrote, to say why it did not start. */
  readonly output: () => string;
  readonly isGone: () => boolean;
  /** SIGTERM, and SIGKILL when it takes too long. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const KEPT_CHARACTERS = 20_000;
const STOP_MILLISECONDS = 20_000;

export function startGuarded(command: string, args: readonly string[]): GuardedProcess {
  const child: ChildProcess = spawn(process.execPath, [GUARD, command, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: plainEnvironment(),
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEPT_CHARACTERS);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.stdin?.on('error', () => undefined);
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const end = async (how: () => void): Promise<void> => {
    if (isGone()) return;
    const gone = once(child, 'exit');
    how();
    const late = setTimeout(() => child.stdin?.destroy(), STOP_MILLISECONDS);
    await gone;
    clearTimeout(late);
  };
  return {
    output: () => output,
    isGone,
    stop: () => end(() => child.kill('SIGTERM')),
    kill: () => end(() => child.stdin?.destroy()),
  };
}
