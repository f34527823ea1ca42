import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithParent } from './server-process.js';

/** The double of EventStoreDB as a process of its own. */
export interface EventStoreProcess {
  readonly url: string;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** A new process on the same data and port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('./eventstoredb/main.js', import.meta.url));
const READY = /^eventstore double ready (\d+)$/;

export async function startEventStoreProcess(directory: string): Promise<EventStoreProcess> {
  mkdirSync(directory, { recursive: true });
  let { child, port } = await launch(directory, 0);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    kill,
    start: async () => {
      ({ child, port } = await launch(directory, port));
    },
    stop: kill,
  };
}

function launch(
  directory: string,
  wanted: number,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, [MAIN, '--directory', directory, '--port', String(wanted)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithParent(child);
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const port = READY.exec(line)?.[1];
      if (port !== undefined) resolve({ child, port: Number(port) });
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the double ended before it was ready (${code})`)));
  });
}
