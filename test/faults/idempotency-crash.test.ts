import { setTimeout } from 'node:timers/promises';
import { LIMITS } from '@stamp-ledger/ports';
import t, { type Test } from 'tap';
import { type Call, caller, type JsonObject, type Reply } from '../support/http.js';
import { type LedgerProcess, startLedgerProcess } from '../support/server-process.js';

/** Far more than it takes, for a loaded machine. */
t.setTimeout(120_000);

const ROUNDS = 5;
const denomination = { amount: '10000', currency: 'IDR' };

/** Small seeded generator (mulberry32): the rounds are the same in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Two requests with one key: alike but for the stream that they go to, and how the first is answered. */
interface Pair {
  readonly path: string;
  readonly status: number;
  readonly first: JsonObject;
  readonly other: JsonObject;
}

/** Serials that nobody minted are verified and recorded, too. */
const unknownSerial = (round: number, which: number): string =>
  `CRASH${String(10 * round + which).padStart(17, '0')}`;

const order = (orderId: string, quantity: number): JsonObject => ({
  orderId,
  channel: 'direct',
  holder: `holder-of-${quantity}`,
  denomination,
  quantity,
});

const incident = (incidentId: string): JsonObject => ({
  incidentId,
  title: 'the printer is gone',
  startedAt: '2024-09-05T02:00:00Z',
});

const batch = (batchId: string, quantity: number): JsonObject => ({
  batchId,
  denomination,
  quantity,
  series: '2024',
});

const PAIRS: readonly ((round: number, random: (below: number) => number) => Pair)[] = [
  (round, random) => {
    const quantity = 1 + random(5);
    const otherQuantity = random(2) === 0 ? quantity : 1 + random(5);
    return {
      path: '/v1/orders',
      status: 202,
      first: order(`order-${round}-a`, quantity),
      other: order(`order-${round}-b`, otherQuantity),
    };
  },
  (round) => ({
    path: '/v1/verifications',
    status: 200,
    first: { serial: unknownSerial(round, 0) },
    other: { serial: unknownSerial(round, 1) },
  }),
  (round) => ({
    path: '/v1/incidents',
    status: 201,
    first: incident(`incident-${round}-a`),
    other: incident(`incident-${round}-b`),
  }),
];

const calling = ({ url, token }: LedgerProcess) => caller(url, token);

/** Where the log ends: the position of its last event counts all events. */
async function headOf(ledger: LedgerProcess): Promise<string> {
  const { json } = await calling(ledger)('/v1/events?limit=1000');
  return String(json.next);
}

function checkSame(t: Test, again: Reply, first: Reply, name: string): void {
  t.equal(again.status, first.status, `${name}: the status of the first answer`);
  t.equal(again.text, first.text, `${name}: its body`);
  t.equal(again.headers.get('ledger-position'), first.headers.get('ledger-position'), name);
}

/** Sends the other body, then the first: only the first belongs to the key. */
async function checkKey(
  t: Test,
  ledger: LedgerProcess,
  { pair, call, first }: { readonly pair: Pair; readonly call: Call; readonly first: Reply },
): Promise<void> {
  const send = calling(ledger);
  const { path } = pair;
  const other = await send(path, { ...call, body: pair.other });
  t.equal(other.status, 422, `${path}: another body`);
  t.equal(other.json.type, '/problems/idempotency-key-reused', path);
  checkSame(t, await send(path, call), first, path);
}

t.test('a key belongs to its first request, however soon the process is killed', async (t) => {
  const random = randomFrom(20240906);
  let ledger = await startLedgerProcess();
  t.teardown(() => ledger.stop());
  for (let round = 0; round < ROUNDS; round++) {
    const pairs = PAIRS.map((make) => make(round, random));
    // Each request is the last before the crash in some round; the last are the ones that may be lost.
    const order = [...pairs.slice(round % pairs.length), ...pairs.slice(0, round % pairs.length)];
    const sent = order.map((pair, index) => ({
      pair,
      call: { body: pair.first, key: `key-${round}-${index}` },
    }));
    const send = calling(ledger);
    const together = random(2) === 0;
    const answered = [];
    for (const { pair, call } of sent) {
      const answer = send(pair.path, call);
      answered.push(together ? answer : await answer);
    }
    const firsts = await Promise.all(answered);
    ledger = await ledger.restart();
    const before = await headOf(ledger);
    for (const [index, { pair, call }] of sent.entries()) {
      const first = firsts[index];
      if (first === undefined) throw new Error('a request was not answered');
      t.equal(first.status, pair.status, first.text);
      await checkKey(t, ledger, { pair, call, first });
    }
    t.equal(await headOf(ledger), before, 'the ledger is unchanged');
  }
});

t.test('a request that waited while the log grew long keeps its key, too', async (t) => {
  let ledger = await startLedgerProcess();
  t.teardown(() => ledger.stop());
  const path = '/v1/batches';
  const call = { body: batch('long', 30_000), key: 'long', headers: { prefer: 'wait=30' } };
  const unanswered = calling(ledger)(path, call).catch(() => undefined);
  // Then the batch's own first event is not among those that are read again.
  for (let minted = 0; minted <= LIMITS.recentCommands; await setTimeout(20)) {
    const { json } = await calling(ledger)(`${path}/long`);
    minted = Number(json.minted ?? 0);
  }
  ledger = await ledger.restart();
  await unanswered;
  const other = await calling(ledger)(path, { ...call, body: batch('other', 1) });
  t.equal(other.status, 422, other.text);
  t.equal((await calling(ledger)(`${path}/other`)).status, 404, 'nothing came of the other body');
  const again = await calling(ledger)(path, call);
  t.match(again, { status: 201, json: { batchId: 'long', minted: 30_000 } });
});
