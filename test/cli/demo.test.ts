import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { endWithParent, plainEnvironment, ROOT } from '../support/server-process.js';

const MAIN = join(ROOT, 'services/cli/dist/demo/main.js');

function start(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: plainEnvironment(),
  });
  endWithParent(child, 'SIGTERM');
  return {
    child,
    stdout: text(child.stdout),
    exited: once(child, 'exit') as Promise<[number | null]>,
    /** Resolves with the first match of a line on stderr. */
    said: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve) => {
        let all = '';
        child.stderr.on('data', (chunk: Buffer) => {
          all += chunk.toString();
          const match = pattern.exec(all);
          if (match !== null) resolve(match);
        });
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

t.test('a small rush ends well: killed in the middle, nothing lost, no difference', async (t) => {
  const demo = start('--orders', '400', '--seconds', '6', '--burst-seconds', '1', '--seed', 'test');
  const ready = await demo.said(/\(process (\d+)\), its data in (\S+)/);
  const stdout = await demo.stdout;
  const [code] = await demo.exited;
  t.equal(code, 0, stdout);
  t.match(stdout, 'Differences: 0.');
  t.match(stdout, 'All is well');
  t.match(stdout, /kill -9: ready again after +\d/);
  t.match(stdout, /StampMinted .*\n.*StampAllocated .*\n.*StampSold /, 'the life of one stamp');
  t.match(stdout, /orders accepted a second, at full speed +\d/);
  t.notOk(existsSync(ready[2] ?? ''), 'the data is gone');
});

t.test('Ctrl-C ends it, its server and its data', async (t) => {
  const demo = start('--orders', '400', '--seconds', '30');
  const [, pid = '', directory = ''] = await demo.said(/\(process (\d+)\), its data in (\S+)/);
  t.ok(isRunning(Number(pid)));
  t.ok(existsSync(directory));
  setTimeout(() => demo.child.kill('SIGINT'), 3_000);
  const [code] = await demo.exited;
  t.equal(code, 130);
  t.notOk(isRunning(Number(pid)));
  t.notOk(existsSync(directory));
});

t.test('wrong options', async (t) => {
  const demo = start('--orders', 'many');
  t.equal((await demo.exited)[0], 2);
});
