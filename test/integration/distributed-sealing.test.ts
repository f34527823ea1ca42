import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveCommandId, type EncodedEvent, entryText, serde, stampStream } from '@stamp-ledger/codec';
import { type Instant, parseSerial, type Serial } from '@stamp-ledger/domain';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import type { EventStore } from '@stamp-ledger/ports';
import {
  openCheckpoint,
  openReceipt,
  parseTlogProof,
  parseVkey,
  verifyTlogProof,
} from '@stamp-ledger/transparency';
import t, { type Test } from 'tap';
import { eventAt } from '../app-move/moving.js';
import { metadata } from '../codec/samples.js';
import { cliProcess } from '../support/cli.js';
import { startEventStoreProcess } from '../support/eventstore-process.js';
import { eventually } from '../support/eventually.js';
import { type Caller, caller } from '../support/http.js';
import { startPostgres } from '../support/postgres-server.js';
import { type ServiceProcess, startService } from '../support/service-process.js';
import { leafOf } from '../transparency/naive.js';

t.setTimeout(300_000);

const SOON = 60_000;
const ORIGIN = 'stamp-ledger.local/log';
const BACKLOG = 60_000;

/**
 * One API and one sealer, each a process of its own, with nothing between them but a directory: what the one appends the
 * other seals, and the first serves it. Kafka is not there, since neither of them needs it.
 */
t.test('the log of a distributed ledger', async (t) => {
  const { variables, store, eventStore } = await engines(t);
  const api = await startService('api', variables);
  t.teardown(() => api.stop());
  const token = readFileSync(join(variables.LEDGER_DATA_DIR, 'admin-token'), 'utf8').trim();
  const call = caller(api.url, token);
  const gaps = async () => {
    const [from, to] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
    const { sealing, sealGaps } = (await call(`/v1/audit/outage?from=${from}&to=${to}`)).json;
    t.equal(sealing, 'configured');
    const found = sealGaps as { readonly from: string; readonly to?: string; readonly events: number }[];
    return found.length > 0 && found;
  };
  const serials = Array.from({ length: 20 }, (_, at) => serialOf(at));
  await mint(store, serials);

  await t.test('before a sealer has run: events are taken, and nothing is sealed', async (t) => {
    t.equal((await call('/log/checkpoint', { token: null })).status, 404);
    t.equal((await call('/log/vkeys', { token: null })).status, 404);
    t.match((await call(`/v1/stamps/${serials[0]}/proof`)).json, { proofs: [], unsealed: [0] });
    const sold = await sell(call, serials[0]!, 'wait=1');
    t.equal(sold.headers.get('ledger-sealed'), 'false');
    t.ok(sold.headers.get('ledger-receipt'), 'a promise all the same');
    t.match((await call('/readyz')).json, { sealing: { status: 'starting', events: 0 } });
    await eventually(async () => lag((await call('/metrics')).text) > 0, {
      what: 'a lag',
      milliseconds: SOON,
    });
    const [gap] = await eventually(gaps, { what: 'a gap in the report', milliseconds: SOON });
    t.match(gap, { to: undefined, events: 21 });
  });

  const sealer = await startService('sealer', variables);
  t.teardown(() => sealer.stop());

  await t.test('sealed: wait, receipt, proof and history agree', async (t) => {
    const sold = await soldSoon(call, serials[1]!);
    t.equal(sold.status, 201);
    t.equal(sold.headers.get('ledger-sealed'), 'true');
    const receipt = openReceipt(Buffer.from(sold.headers.get('ledger-receipt')!, 'base64'), {
      origin: ORIGIN,
      keys: await vkeys(call, '/log/receipt-vkeys'),
    });
    const logKeys = await vkeys(call, '/log/vkeys');
    for (const serial of serials.slice(0, 2)) {
      const { proofs, unsealed } = (await call(`/v1/stamps/${serial}/proof`, { token: null })).json;
      t.strictSame(unsealed, []);
      const { events } = await store.readStream({ stream: stampStream(serial), from: 0, limit: 10 });
      const history = (await call(`/v1/stamps/${serial}/history`)).json.events as { leafIndex: number }[];
      for (const [at, event] of events.entries()) {
        const { proof, leafIndex } = (proofs as { proof: string; leafIndex: number }[])[at]!;
        const leaf = leafOf(Buffer.from(entryText(event)));
        t.ok(verifyTlogProof(parseTlogProof(Buffer.from(proof)), { origin: ORIGIN, logKeys, leaf }));
        t.equal(history[at]?.leafIndex, leafIndex);
      }
      const last = leafOf(Buffer.from(entryText(events.at(-1)!)));
      if (serial === serials[1]) t.strictSame(receipt.events[0]?.leaf, last, 'what was promised');
    }
    const page = (await call('/v1/events?limit=5')).json.events as { leafIndex: number }[];
    t.strictSame(
      page.map(({ leafIndex }) => leafIndex),
      [0, 1, 2, 3, 4],
    );
    t.equal((await call('/log/tile/0/000.p/22', { token: null })).status, 200);
    await eventually(async () => lag((await call('/metrics')).text) === 0, {
      what: 'no lag',
      milliseconds: SOON,
    });
    const [gap] = await eventually(
      async () => {
        const found = await gaps();
        return found && found[0]?.to !== undefined && found;
      },
      { what: 'the end of the gap', milliseconds: SOON },
    );
    t.ok((gap?.events ?? 0) >= 21);
    const { events } = (await call('/v1/events?limit=1')).json as { events: { recordedAt: string }[] };
    t.equal(gap?.from, events[0]?.recordedAt, 'since the first event that waited was recorded');
  });

  await t.test('kill -9 in the middle of a backlog: the log goes on, and an audit accepts it', async (t) => {
    const audit = auditOf(call, api);
    t.equal((await audit()).code, 0, 'a checkpoint is kept');
    await sealer.stop();
    await backlog(store);
    await killedOnTheWay(t, call, sealer);
    const last = await soldSoon(call, serials[2]!);
    t.equal(last.headers.get('ledger-sealed'), 'true');
    t.ok((await sizeOf(call)) > BACKLOG);
    const { code, stdout, stderr } = await audit();
    t.equal(code, 0, stdout + stderr);
    t.match((await call(`/v1/stamps/${serials[2]}/proof`)).json, { unsealed: [] });
  });

  await t.test('a sealer without the event store says so, and goes on when it comes', async (t) => {
    const readyz = async () => {
      const response = await fetch(`${sealer.url}/readyz`);
      const { failing } = (await response.json()) as { readonly failing: readonly string[] };
      return { status: response.status, failing };
    };
    t.strictSame((await readyz()).failing, []);
    await eventStore.kill();
    await eventually(async () => (await readyz()).failing.includes('EventStoreDB cannot be reached'), {
      what: 'the sealer is not ready',
      milliseconds: SOON,
    });
    t.equal(await sealer.stop(), 0);
    await sealer.start();
    t.strictSame((await readyz()).failing, ['EventStoreDB has not answered yet']);
    await eventStore.start();
    await eventually(async () => (await readyz()).status === 200, {
      what: 'the sealer is ready',
      milliseconds: SOON,
    });
    t.equal((await soldSoon(call, serials[4]!)).headers.get('ledger-sealed'), 'true');
  });

  await t.test('without its lock the log halts, and every API says so', async (t) => {
    await sealer.stop();
    const log = join(variables.LEDGER_DATA_DIR, 'log');
    rmSync(join(variables.LEDGER_DATA_DIR, 'log-lock/signed.sqlite'));
    await sealer.start();
    const { json } = await eventually(
      async () => {
        const reply = await call('/readyz');
        const failing = (reply.json.failing ?? []) as { check: string }[];
        return failing.some(({ check }) => check === 'sealing-halted') && reply;
      },
      { what: 'a halt', milliseconds: SOON },
    );
    t.has(json, { sealing: { status: 'halted' } });
    t.ok((json.failing as { reason?: string }[]).some(({ reason }) => reason === 'lock-lost'));
    t.equal(
      (await sell(call, serials[3]!)).status,
      503,
      'intake is closed: an event could take a sealed place',
    );
    t.ok(readFileSync(join(log, 'checkpoint')), 'what is published stays');
  });
});

/** The double of EventStoreDB, a real PostgreSQL with tables, and a directory that the processes share. */
async function engines(t: Test) {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-sealing-'));
  const [postgres, eventStore] = await Promise.all([
    startPostgres(),
    startEventStoreProcess(join(directory, 'eventstore')),
  ]);
  const variables = {
    LEDGER_DATA_DIR: join(directory, 'data'),
    LEDGER_EVENTSTOREDB_URL: eventStore.url,
    LEDGER_KAFKA_BROKERS: '127.0.0.1:9',
    LEDGER_DATABASE_URL: await postgres.createDatabase('ledger'),
  };
  const store = await openEventStoreDb({ url: eventStore.url });
  t.teardown(async () => {
    await store.close();
    await Promise.all([postgres.stop(), eventStore.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });
  const { code, stderr } = await cliProcess(['migrate'], '', variables);
  t.equal(code, 0, stderr);
  return { variables, store, eventStore };
}

function serialOf(at: number): Serial {
  const parsed = parseSerial(`SEALED${String(at).padStart(16, '0')}`);
  if (!parsed.ok) throw new Error('no serial');
  return parsed.serial;
}

/** What a minting would have appended: nobody here does the jobs. */
async function mint(store: EventStore, serials: readonly Serial[]): Promise<void> {
  const appends = serials.map((serial, index) => {
    const stream = stampStream(serial);
    const event = {
      type: 'StampMinted' as const,
      data: {
        serial,
        batchId: 'b',
        series: '2024',
        denomination: { amount: '10000', currency: 'IDR' },
        index,
      },
    };
    const { backfill: _, ...rest } = metadata;
    const recordedAt = new Date().toISOString() as Instant;
    const about = { ...rest, commandId: deriveCommandId('test', serial), occurredAt: recordedAt, recordedAt };
    const encoded = serde.encode({
      id: eventAt(index).id,
      event: event as Parameters<typeof serde.encode>[0]['event'],
      metadata: about,
      stream,
    });
    return { stream, expected: 'no-stream' as const, events: [encoded] as const };
  });
  await store.append(appends);
}

/** Events of no meaning, which the log holds all the same. */
async function backlog(store: EventStore): Promise<void> {
  for (let from = 0; from < BACKLOG; from += 3_000) {
    const [first, ...more] = Array.from(
      { length: 3_000 },
      (_, at): EncodedEvent => eventAt(1_000 + from + at),
    );
    await store.append([
      { stream: stampStream(serialOf(100 + from)), expected: 'no-stream', events: [first!, ...more] },
    ]);
  }
}

/** Starts the sealer and ends it when it has published a part of the backlog; then starts it for good. */
async function killedOnTheWay(t: Test, call: Caller, sealer: ServiceProcess): Promise<void> {
  const before = await sizeOf(call);
  await sealer.start();
  const size = await eventually(
    async () => {
      const now = await sizeOf(call);
      return now > before && now;
    },
    { what: 'a part of the backlog', milliseconds: SOON },
  );
  await sealer.kill();
  t.ok(size < BACKLOG, `${size} of ${BACKLOG} were published when it was killed`);
  await sealer.start();
}

const sell = (call: Caller, serial: Serial, prefer?: string) =>
  call(`/v1/stamps/${serial}/sale`, {
    body: { channel: 'direct', holder: 'holder-1' },
    ...(prefer === undefined ? {} : { headers: { prefer } }),
  });

/** Waits out the moment in which a sealer that begins keeps intake closed. */
const soldSoon = (call: Caller, serial: Serial) =>
  eventually(
    async () => {
      const sold = await sell(call, serial, 'wait=20');
      return sold.status !== 503 && sold;
    },
    { what: 'open intake', milliseconds: SOON },
  );

const vkeys = async (call: Caller, path: string) =>
  (await call(path, { token: null })).text.trimEnd().split('\n').map(parseVkey);

async function sizeOf(call: Caller): Promise<number> {
  const { text } = await call('/log/checkpoint', { token: null });
  return openCheckpoint(Buffer.from(text), { origin: ORIGIN, logKeys: await vkeys(call, '/log/vkeys') }).size;
}

const lag = (metrics: string): number => Number(/^stamp_ledger_seal_lag_seconds (\S+)$/m.exec(metrics)?.[1]);

/** `audit deep` over HTTP, as an outsider, with a checkpoint of its own. */
function auditOf(call: Caller, api: ServiceProcess) {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-audit-'));
  return async () => {
    const [key = ''] = (await call('/log/vkeys', { token: null })).text.split('\n');
    const kept = join(directory, 'kept');
    return cliProcess(['audit', 'deep', '--url', api.url, '--key', key, '--checkpoint', kept]);
  };
}
