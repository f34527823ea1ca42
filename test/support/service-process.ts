import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endWithParent, plainEnvironment, ROOT } from './server-process.js';

export type ServiceName = 'api' | 'relay' | 'sealer' | 'projections' | 'fulfilment' | 'ledger';

/** One service in a process of its own, which can be killed and started again on the same port. */
export interface ServiceProcess {
  readonly name: ServiceName;
  readonly url: string;
  readonly pid: number;
  kill(): Promise<void>;
  /** A new process; the one before must be gone. */
  start(): Promise<void>;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
}

const READY = /^stamp-ledger ready (http:\/\/\S+)$/;
const STOP_MILLISECONDS = 12_000;
const START_ATTEMPTS = 10;

export async function startService(
  name: ServiceName,
  variables: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  let { child, url } = await launch(name, variables, 0);
  const port = Number(new URL(url).port);
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    name,
    get url() {
      return url;
    },
    get pid() {
      return child.pid ?? 0;
    },
    kill: async () => {
      if (isGone()) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    start: async () => {
      // An engine may be away while a service starts: its supervisor starts it again.
      for (let attempt = 1; ; attempt++) {
        try {
          ({ child, url } = await launch(name, variables, port));
          return;
        } catch (error) {
          if (attempt >= START_ATTEMPTS) throw error;
        }
      }
    },
    stop: async () => {
      if (isGone()) return child.exitCode;
      const gone = once(child, 'exit');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS);
      child.kill('SIGTERM');
      await gone;
      clearTimeout(late);
      return child.exitCode;
    },
  };
}

function launch(
  name: ServiceName,
  variables: Readonly<Record<string, string>>,
  port: number,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [join(ROOT, `services/${name}/dist/main.js`)], {
    env: { ...plainEnvironment(), LEDGER_LOG_LEVEL: 'error', ...variables, LEDGER_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithParent(child);
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = READY.exec(line)?.[1];
      if (url === undefined) reject(new Error(`unexpected on stdout of ${name}: ${line}`));
      else resolve({ child, url });
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${name} ended before it was ready (${code})`)));
  });
}
