import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { endWithParent } from './server-process.js';

/** A PostgreSQL server of its own, on loopback and a free port. */
export interface Postgres {
  readonly url: string;
  readonly port: number;
  /** Makes an empty database; answers its address. */
  createDatabase(name: string): Promise<string>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
  /** Ends the server as an operator would, cutting its connections, and starts it again on the same data. */
  restart(): Promise<void>;
  /** Ends the server at once, as a power cut would; `restart` then recovers it. */
  crash(): Promise<void>;
  /** Keeps a copy of the data, over a restart; the answer crashes the server and starts it on that copy. */
  keepCopy(): Promise<() => Promise<void>>;
}

const GUARD = fileURLToPath(new URL('./guarded.js', import.meta.url));
const START_MILLISECONDS = 30_000;
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  max_connections: '200',
  shared_buffers: '128MB',
  logging_collector: 'off',
  log_min_messages: 'panic',
};

/** Where the server's programs are: in Debian's place for the newest version, or on the path. */
function binaries(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    const directory = join(root, version, 'bin');
    if (existsSync(join(directory, 'initdb'))) return directory;
  }
  const found = (process.env.PATH ?? '')
    .split(':')
    .find((directory) => existsSync(join(directory, 'initdb')));
  if (found === undefined)
    throw new Error('these tests need PostgreSQL: install it (Debian: apt install postgresql)');
  return found;
}

/** PostgreSQL refuses to run as root, and then runs as its own user. */
function asOwner(command: string, args: readonly string[]): readonly [string, string[]] {
  if (process.getuid?.() !== 0) return [command, [...args]];
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]];
}

function giveToOwner(directory: string): void {
  if (process.getuid?.() !== 0) return;
  const id = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  chownSync(directory, id('-u'), id('-g'));
}

export async function startPostgres(): Promise<Postgres> {
  const bin = binaries();
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-postgres-'));
  giveToOwner(directory);
  const data = join(directory, 'data');
  // A language whose order is not that of bytes: what compares positions must not rest on the database's own.
  const [command, args] = asOwner(join(bin, 'initdb'), [
    ...[
      '-D',
      data,
      '-U',
      'ledger',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--locale-provider=icu',
      '--icu-locale=en-US',
      '--no-sync',
    ],
  ]);
  const made = spawnSync(command, args, { cwd: directory, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error}`);
  const port = await freePort();
  const urlOf = (database: string): string => `postgres://ledger@127.0.0.1:${port}/${database}`;
  const start = (): Promise<ChildProcess> => launch({ bin, directory, data, port, url: urlOf('postgres') });
  let server = await start();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    // The process started here is the guard; the server's own number is the first line of its lock file.
    process.kill(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]), signal);
    await gone;
  };
  return {
    url: urlOf('postgres'),
    port,
    async createDatabase(name) {
      await queryPostgres(urlOf('postgres'), `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
      return urlOf(name);
    },
    async stop() {
      await end('SIGQUIT');
      rmSync(directory, { recursive: true, force: true });
    },
    async restart() {
      await end('SIGINT');
      server = await start();
    },
    crash: () => end('SIGQUIT'),
    async keepCopy() {
      const kept = `${data}-kept`;
      await end('SIGINT');
      copyOwned(data, kept);
      server = await start();
      return async () => {
        await end('SIGQUIT');
        rmSync(data, { recursive: true });
        renameSync(kept, data);
        server = await start();
      };
    },
  };
}

/** Node's own copy would give the files to whoever runs the test. */
function copyOwned(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the data could not be copied: ${stderr}`);
}

async function launch({
  bin,
  directory,
  data,
  port,
  url,
}: {
  readonly bin: string;
  readonly directory: string;
  readonly data: string;
  readonly port: number;
  readonly url: string;
}): Promise<ChildProcess> {
  const settings = { ...SETTINGS, port: String(port), unix_socket_directories: directory };
  const [command, args] = asOwner(join(bin, 'postgres'), [
    ...['-D', data],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const child = spawn(process.execPath, [GUARD, command, ...args], {
    cwd: directory,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  endWithParent(child);
  await eventually(
    async () => {
      if (child.exitCode !== null)
        throw new Error(`PostgreSQL ended with ${child.exitCode} before it was ready`);
      return queryPostgres(url, 'SELECT 1').then(
        () => true,
        () => false,
      );
    },
    { what: 'PostgreSQL is ready', milliseconds: START_MILLISECONDS },
  );
  return child;
}

/** Rows of a statement, or of the last of several, over a connection of its own. */
export async function queryPostgres(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: START_MILLISECONDS });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const results: pg.QueryResult[] = [await client.query(sql, [...values])].flat();
    return results.at(-1)?.rows ?? [];
  } finally {
    await client.end();
  }
}
