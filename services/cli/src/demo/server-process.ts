import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The program that `npm start` runs. */
const ENTRY = fileURLToPath(new URL('../../../ledger/dist/main.js', import.meta.url));
const READY = /^stamp-ledger ready (http:\/\/\S+)$/;
const START_MILLISECONDS = 120_000;
const STOP_MILLISECONDS = 12_000;
const LOG_TAIL_LINES = 20;

export interface ServerOptions {
  readonly dataDirectory: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** What the server writes on stderr goes here. */
  readonly logFile: string;
  readonly signal: AbortSignal;
}

/** A ledger server of our own: the only process that the demo starts, and ends, by its id. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    /** `http://HOST:PORT`, from the ready line. */
    readonly url: string,
    private readonly options: ServerOptions,
  ) {}

  static async start(options: ServerOptions): Promise<ServerProcess> {
    options.signal.throwIfAborted();
    const log = openSync(options.logFile, 'a');
    const child = spawn(process.execPath, [ENTRY], {
      env: environment(options),
      stdio: ['ignore', 'pipe', log],
    });
    closeSync(log);
    try {
      const url = await readyUrl(child, options.signal);
      return new ServerProcess(child, url, options);
    } catch (error) {
      await end(child);
      throw new Error(`${(error as Error).message}\n${logTail(options.logFile)}`, { cause: error });
    }
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get running(): boolean {
    return isRunning(this.child);
  }

  /** The administrator's token that the server made. */
  token(): string {
    return readFileSync(join(this.options.dataDirectory, 'admin-token'), 'utf8').trim();
  }

  /** Calls back if the server ends when nobody asked it to. */
  onEnd(callback: (why: string) => void): void {
    this.child.once('exit', (code, signal) => callback(`exit code ${code}, signal ${signal}`));
  }

  ignoreEnd(): void {
    this.child.removeAllListeners('exit');
  }

  logTail(): string {
    return logTail(this.options.logFile);
  }

  /** `kill -9`: no chance to finish anything. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await end(this.child);
  }

  /** SIGTERM, and SIGKILL if that does not help in time. Answers the exit code; null when it had to be killed. */
  async stop(): Promise<number | null> {
    if (!this.running) return this.child.exitCode;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const late = new AbortController();
    const inTime = await Promise.race([
      gone.then(() => true),
      sleep(STOP_MILLISECONDS, false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    if (!inTime) await this.kill();
    return this.child.exitCode;
  }
}

const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

async function end(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Nothing of the ledger's configuration leaks in from the caller's environment. */
function environment({ dataDirectory, port }: ServerOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('LEDGER_'));
  return {
    ...Object.fromEntries(inherited),
    LEDGER_HOST: '127.0.0.1',
    LEDGER_PORT: String(port),
    LEDGER_DATA_DIR: dataDirectory,
    LEDGER_LOG_LEVEL: 'warn',
  };
}

async function readyUrl(child: ChildProcess, signal: AbortSignal): Promise<string> {
  if (child.stdout === null) throw new Error('the server has no stdout');
  const lines = createInterface({ input: child.stdout });
  const url = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const match = READY.exec(line);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    child.once('error', (error) => reject(new Error(`the server could not be started: ${error.message}`)));
    child.once('exit', (code, how) =>
      reject(new Error(`the server ended before it was ready (exit code ${code}, signal ${how})`)),
    );
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const late = new AbortController();
  const tooLate = sleep(START_MILLISECONDS, undefined, { signal: late.signal }).then(
    () => Promise.reject(new Error(`the server was not ready within ${START_MILLISECONDS / 1_000} s`)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([url, tooLate]);
  } finally {
    late.abort();
    child.removeAllListeners('exit');
  }
}

function logTail(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  } catch {
    return '';
  }
}
