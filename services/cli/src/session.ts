import { readFileSync } from 'node:fs';
import { createClient, type LedgerClient } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { EXIT, type ExitCode, UsageError } from './exit-codes.js';
import { createOutput, type Output, type Streams } from './output.js';

export const DEFAULT_URL = 'http://127.0.0.1:8080';
export const DEFAULT_TOKEN_FILE = './data/admin-token';

/** What one run of a command works with. */
export interface Session {
  readonly client: LedgerClient;
  readonly output: Output;
  readonly stdin: NodeJS.ReadableStream;
  readonly url: string;
  /** Options that a repeat of the command needs besides its key: what this run made up for itself. */
  repeatWith(options: string): void;
}

export interface GlobalOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
  readonly timeout: number;
}

/** What one run leaves: its exit code, and how an error of it is to be shown. */
export interface Run {
  code: ExitCode;
  json: boolean;
  repeatWith?: string;
}

type Action<Args extends unknown[]> = (session: Session, ...args: Args) => Promise<ExitCode> | Promise<void>;

/** Makes commander's action of one that wants a session. */
export type Bind = <Args extends unknown[]>(action: Action<Args>) => (...args: Args) => Promise<void>;

export function createBind(streams: Streams, run: Run): Bind {
  return <Args extends unknown[]>(action: Action<Args>) =>
    async (...args: Args) => {
      const command = args.at(-1) as Command;
      const options = command.optsWithGlobals<GlobalOptions>();
      run.json = options.json === true;
      const client = connect(options);
      try {
        const session = {
          client,
          output: createOutput(streams, run.json),
          stdin: streams.stdin,
          url: options.url,
          repeatWith: (text: string) => {
            run.repeatWith = text;
          },
        };
        run.code = (await action(session, ...args)) ?? EXIT.done;
      } finally {
        client.close();
      }
    };
}

function connect(options: GlobalOptions): LedgerClient {
  const token = readToken(options.tokenFile);
  try {
    return createClient({
      baseUrl: options.url,
      timeoutMilliseconds: options.timeout * 1_000,
      ...(token === undefined ? {} : { token }),
    });
  } catch (error) {
    throw new UsageError(`--url: ${(error as Error).message}`);
  }
}

/** A named file must be there; without the default one only public calls succeed. */
function readToken(file: string | undefined): string | undefined {
  try {
    const token = readFileSync(file ?? DEFAULT_TOKEN_FILE, 'utf8').trim();
    if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError(`${file ?? DEFAULT_TOKEN_FILE} holds no token`);
    return token;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (file === undefined && code === 'ENOENT') return undefined;
    throw new UsageError(`cannot read the token file ${file ?? DEFAULT_TOKEN_FILE}: ${code}`);
  }
}
