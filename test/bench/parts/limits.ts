import { measureFsync } from '../harness/fsync.js';
import { type HelloServer, startHello } from '../harness/hello.js';
import { JSON_LIMIT, JSON_LIMIT_SHARED, measureJson } from '../harness/json-text.js';
import { type LoadRequest, perSecond, runLoad } from '../harness/load/load.js';
import type { Bench, Part, Row } from '../harness/part.js';
import { type Contender, interleaved } from '../harness/rounds.js';
import { measureSha256, SHA256_LIMIT } from '../harness/sha256.js';
import { spreadOf } from '../harness/spread.js';
import { measureSqlite } from '../harness/sqlite-limit.js';

const CONNECTIONS = 64;

/** The machine's own limits, beside which every other figure of the run is to be read. */
export const limits: Part = {
  name: 'limits',
  title: "The machine's own limits",
  run: async (bench) => {
    const [socket, http, koa] = await Promise.all([
      startHello('socket'),
      startHello('http'),
      startHello('koa'),
    ]);
    try {
      const samples = await interleaved(bench, contendersOf(bench, { socket, http, koa }));
      const alone = spreadOf(samples.get(JSON_LIMIT) ?? []);
      const rows = [...samples].map(
        ([what, values]): Row => ({
          what,
          unit: '1/s',
          ours: spreadOf(values),
          ...(what === JSON_LIMIT_SHARED && { beside: { what: JSON_LIMIT, spread: alone } }),
        }),
      );
      return { rows, notes: NOTES };
    } finally {
      await Promise.all([socket.stop(), http.stop(), koa.stop()]);
    }
  },
};

const NOTES = [
  'fsync: 4 KiB appended to a file, fdatasync before the next. SQLite: better-sqlite3 alone, WAL, synchronous=FULL, expected revision checked, events of the same bytes as the peers get.',
  'HTTP: 64 kept-alive connections on loopback, the load generator on the same cores.',
  'Two threads at once: what is missing from 1x is lost to whoever works beside, be it the load generator or a thread of the ledger.',
];

function contendersOf(
  { quick }: Bench,
  { socket, http, koa }: Readonly<Record<'socket' | 'http' | 'koa', HelloServer>>,
): readonly Contender<number>[] {
  const seconds = quick ? 0.3 : 3;
  const timed = (name: string, measure: (share: number) => number | Promise<number>): Contender<number> => ({
    name,
    warmUp: async () => measure(0.2),
    round: async () => measure(1),
  });
  const events = quick ? 5_000 : 200_000;
  return [
    timed('fsync, 4 KiB appends', (share) => measureFsync({ seconds: seconds * share })),
    timed('SQLite events, groups of 1', (share) =>
      measureSqlite({ group: 1, events: Math.ceil((events * share) / 50) }),
    ),
    timed('SQLite events, groups of 32', (share) =>
      measureSqlite({ group: 32, events: Math.ceil((events * share) / 2) }),
    ),
    timed('SQLite events, groups of 1,000', (share) =>
      measureSqlite({ group: 1_000, events: events * share }),
    ),
    timed('the load generator, against sockets that answer unread', (share) =>
      helloRate(socket.url, seconds * share),
    ),
    timed('node:http, hello', (share) => helloRate(http.url, seconds * share)),
    timed('Koa, hello', (share) => helloRate(koa.url, seconds * share)),
    timed(SHA256_LIMIT, (share) => measureSha256({ seconds: seconds * share })),
    timed(JSON_LIMIT, (share) => measureJson({ seconds: seconds * share, threads: 1 })),
    timed(JSON_LIMIT_SHARED, (share) => measureJson({ seconds: seconds * share, threads: 2 })),
  ];
}

export const HELLO: readonly LoadRequest[] = [{ method: 'GET', path: '/' }];

export const helloRate = async (url: string, seconds: number): Promise<number> =>
  perSecond(
    await runLoad({
      url,
      requests: HELLO,
      repeat: true,
      connections: CONNECTIONS,
      seconds,
    }),
  );
