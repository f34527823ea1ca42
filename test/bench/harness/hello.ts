import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithParent, plainEnvironment } from '../../support/server-process.js';

export interface HelloServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('./hello-server.js', import.meta.url));
const READY = /^hello server ready (\S+)$/;

/** A server that answers hello, in a process of its own. */
export async function startHello(kind: 'http' | 'koa' | 'socket'): Promise<HelloServer> {
  const child = spawn(process.execPath, [MAIN, kind], {
    env: { ...plainEnvironment(), NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithParent(child);
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = READY.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the ${kind} hello server ended with ${code}`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
