import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { endWithParent, plainEnvironment, ROOT } from './server-process.js';

const MAIN = join(ROOT, 'services/cli/dist/demo/main.js');

/** The demo in a process of its own. */
export function startDemo(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: plainEnvironment(),
  });
  endWithParent(child, 'SIGTERM');
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return {
    child,
    stdout: text(child.stdout),
    exited: once(child, 'exit') as Promise<[number | null]>,
    /** Resolves with the first match on stderr. */
    said: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve) => {
        const look = (): void => {
          const match = pattern.exec(said);
          if (match === null) child.stderr.once('data', look);
          else resolve(match);
        };
        look();
      }),
  };
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Ctrl-C when the demo has said something ends it, its server and its data. */
export async function endsWhenInterrupted(t: Test, after: RegExp): Promise<void> {
  const demo = startDemo('--orders', '50', '--seconds', '30');
  const [, pid = '', directory = ''] = await demo.said(/\(process (\d+)\), its data in (\S+)/);
  t.ok(isRunning(Number(pid)));
  t.ok(existsSync(directory));
  await demo.said(after);
  demo.child.kill('SIGINT');
  const [code] = await demo.exited;
  t.equal(code, 130);
  t.notOk(isRunning(Number(pid)));
  t.notOk(existsSync(directory));
}
