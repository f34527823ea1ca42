import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '../../support/postgres-server.js';
import type { Bench, Part, PartResult, Row } from '../harness/part.js';
import { type Contender, interleaved } from '../harness/rounds.js';
import { spreadOf } from '../harness/spread.js';
import { measureSqlite } from '../harness/sqlite-limit.js';
import { type HttpCommands, startHttpCommands } from '../ledger/http-commands.js';
import { type Appender, type AppendSample, appendMany } from '../peers/appender.js';
import { openEmmettPostgres, openEmmettSqlite } from '../peers/emmett.js';
import { installPeers } from '../peers/install.js';
import { openLmdb } from '../peers/lmdb.js';
import { openMessageDb } from '../peers/message-db.js';
import { openOurs } from '../peers/ours.js';

const IN_FLIGHT = 32;
const EMMETT = 'emmett-postgresql 0.42.0';
const TIMES_EMMETT = 3;

/** One event appended to a new stream, 32 in flight, durable: the ledger's log, and whole commands over HTTP, beside others. */
export const peers: Part = {
  name: 'peers',
  title: 'Single appends, 32 in flight, beside other event stores',
  run: async (bench) => {
    const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-peers-'));
    const postgres = await startPostgres();
    const commands = await startHttpCommands(bench);
    try {
      return await measure(bench, { directory, postgres, commands });
    } finally {
      await commands.stop();
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

interface Given {
  readonly directory: string;
  readonly postgres: Postgres;
  readonly commands: HttpCommands;
}

interface Peer {
  readonly name: string;
  readonly inFlight: number;
  readonly appender: Appender;
}

const LOG = 'our log';
const LOG_ALONE = 'our log, 1 in flight';
const HTTP = 'our commands over HTTP, 64 connections';
const SQLITE = 'better-sqlite3 12.11.1 alone, groups of 32';

async function measure(bench: Bench, given: Given): Promise<PartResult> {
  const notes: string[] = [...NOTES];
  const entrants = await openAll(bench, given, notes);
  try {
    const samples = await interleaved<AppendSample>(bench, [
      ...entrants.map((peer) => contenderOf(bench, peer)),
      {
        name: SQLITE,
        warmUp: async () => measureSqlite({ group: IN_FLIGHT, events: 1_000 }),
        round: async () => ({
          perSecond: measureSqlite({ group: IN_FLIGHT, events: bench.quick ? 2_000 : 100_000 }),
          p99: Number.NaN,
        }),
      },
      { name: HTTP, warmUp: () => given.commands.warmUp(), round: () => given.commands.round() },
    ]);
    return { rows: rowsOf(samples), notes, audits: [await given.commands.audit()] };
  } finally {
    for (const { appender } of entrants) await appender.close();
  }
}

const NOTES = [
  'The same bytes for all, a new stream for each event, which must not exist yet. In-process clients but for the commands over HTTP, which do a whole command: token, validation, decision, idempotency, read models.',
  'emmett-sqlite cannot take appends side by side (SQLITE_BUSY): 1 in flight, and so is ours beside it. Its connection leaves synchronous at what its SQLite was built with.',
  'lmdb is a key-value store, given here for scale: no global order, no ids, no idempotency.',
];

/** What cannot be had is left out of the run, loudly. */
async function openAll(
  bench: Bench,
  { directory, postgres }: Given,
  notes: string[],
): Promise<readonly Peer[]> {
  const peersOf: Peer[] = [
    { name: LOG, inFlight: IN_FLIGHT, appender: await openOurs(join(directory, 'ours')) },
    { name: LOG_ALONE, inFlight: 1, appender: await openOurs(join(directory, 'ours-alone')) },
  ];
  const add = async (name: string, inFlight: number, open: () => Promise<Appender>): Promise<void> => {
    try {
      peersOf.push({ name, inFlight, appender: await open() });
    } catch (error) {
      const line = `**NOT RUN: ${name}**: ${error instanceof Error ? error.message : String(error)}`;
      bench.log(line);
      notes.push(line);
    }
  };
  await add(EMMETT, IN_FLIGHT, async () => {
    installPeers('servers', bench);
    return openEmmettPostgres(await postgres.createDatabase('emmett'));
  });
  await add('message-db 1.3.1', IN_FLIGHT, async () => {
    installPeers('servers', bench);
    return openMessageDb(postgres, { database: 'message_store', connections: IN_FLIGHT });
  });
  await add('lmdb 3.5.6', IN_FLIGHT, async () => {
    installPeers('embedded', bench);
    return openLmdb(directory);
  });
  await add('emmett-sqlite 0.38.5, 1 in flight', 1, async () => {
    installPeers('embedded', bench);
    return openEmmettSqlite(directory);
  });
  return peersOf;
}

/** About as long for each: a slow store is given fewer events. */
function contenderOf({ quick }: Bench, { name, inFlight, appender }: Peer): Contender<AppendSample> {
  const seconds = quick ? 0.3 : 4;
  let next = 0;
  let perRound = 0;
  const append = (count: number): Promise<AppendSample> => {
    const from = next;
    next += count;
    return appendMany(appender, { from, count, inFlight });
  };
  return {
    name,
    warmUp: async () => {
      const { perSecond } = await append(quick ? 100 : 1_000);
      perRound = Math.ceil(perSecond * seconds);
    },
    round: () => append(perRound),
  };
}

function rowsOf(samples: ReadonlyMap<string, readonly AppendSample[]>): Row[] {
  const rate = (name: string) => spreadOf((samples.get(name) ?? []).map(({ perSecond }) => perSecond));
  const isOurs = (name: string): boolean => name === LOG || name === LOG_ALONE || name === HTTP;
  const beside = [...samples.keys()].filter((name) => !isOurs(name));
  const latency = [...samples].filter(([, [first]]) => !Number.isNaN(first?.p99));
  return [
    ...beside.map((what): Row => {
      const isAlone = what.includes('1 in flight');
      return {
        what: isAlone ? LOG_ALONE : LOG,
        unit: '1/s',
        ours: rate(isAlone ? LOG_ALONE : LOG),
        beside: { what, spread: rate(what) },
      };
    }),
    ...beside
      .filter((what) => what === EMMETT || what.startsWith('message-db'))
      .map(
        (what): Row => ({
          what: HTTP,
          unit: '1/s',
          ours: rate(HTTP),
          beside: { what, spread: rate(what) },
          ...(what === EMMETT ? { target: { kind: 'ratio-at-least', value: TIMES_EMMETT } } : {}),
        }),
      ),
    ...latency.map(
      ([name, values]): Row => ({
        what: `p99 of ${name} (closed loop)`,
        unit: 'ms',
        ours: spreadOf(values.map(({ p99 }) => p99)),
      }),
    ),
  ];
}
