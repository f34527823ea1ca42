import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createClient } from '@stamp-ledger/client';
import { lookUpFile, readModelsFile } from '@stamp-ledger/embedded';
import { formatVkey, makeSigner } from '@stamp-ledger/transparency';
import Database from 'better-sqlite3';
import t from 'tap';
import { cliFor } from '../support/cli.js';
import { startLedgerProcess } from '../support/server-process.js';

// Books kept from the log alone, beside the read models: they agree until somebody alters a row.
let ledger = await startLedgerProcess();
t.teardown(() => ledger.stop());

const RUPIAH = { amount: '10000', currency: 'IDR' };
const OWN = Array.from({ length: 6 }, (_, index) => `BOOKS0000000000000000${index}`);

/** One stamp at least in each state, money in each bucket, and a stamp in no other's channel. */
async function live(): Promise<void> {
  const client = createClient({ baseUrl: ledger.url, token: ledger.token });
  const { batches, allocations, stamps, orders } = client;
  const wait = { waitSeconds: 10 };
  await batches.open({ denomination: RUPIAH, quantity: 6, series: 'own', serials: OWN }, wait);
  await batches.open({ denomination: { amount: '2.50', currency: 'USD' }, quantity: 2, series: 'a' }, wait);
  await batches.open({ batchId: 'b-2', denomination: RUPIAH, quantity: 10, series: 'b' }, wait);
  await allocations.request({ channel: 'kios-1', denomination: RUPIAH, quantity: 5, batchId: 'b-2' }, wait);
  const paid = (reference: string) => ({ ...RUPIAH, reference, paidAt: '2024-09-06T10:00:00Z' });
  const order = (orderId: string, channel: string) =>
    orders.place(
      { orderId, channel, holder: 'h', denomination: RUPIAH, quantity: 1, payment: paid(orderId) },
      channel === 'kios-1' ? wait : {},
    );
  await order('fulfilled', 'kios-1');
  await order('given-back', 'kios-1');
  await order('waits', 'kios-empty');
  await orders.refund('given-back', { policyVersion: '1' });
  const document = (letter: string) => ({ sha256: letter.repeat(64), type: 'letter' });
  const [sold = '', reserved = '', unknown = '', affixed = '', voided = ''] = OWN;
  for (const serial of [sold, reserved, unknown, affixed])
    await stamps.sell(serial, { channel: 'direct', holder: 'h' });
  await stamps.sell(voided, { channel: 'direct', holder: 'h', payment: paid('sale') });
  await stamps.void(voided, { reason: 'refund', policyVersion: '1' });
  await stamps.reserve(reserved, { document: document('a'), expiresInSeconds: 600 });
  await stamps.reserve(unknown, { document: document('b'), expiresInSeconds: 600 });
  await stamps.reportOutcomeUnknown(unknown, {});
  await stamps.affix(affixed, { document: document('c') });
  await stamps.verify(affixed);

  client.close();
}

/** A ledger that is not honest: it answers conservation as of another place, and tells of one event that is not its own. */
async function liar({ position, forged }: { readonly position?: string; readonly forged?: string }) {
  const server = createServer(async ({ url = '' }, answer) => {
    const asked = new URL(url, ledger.url);
    if (asked.pathname === '/v1/audit/conservation' && position !== undefined)
      asked.searchParams.set('asOf', position);
    const given = await fetch(asked, { headers: { authorization: `Bearer ${ledger.token}` } });
    const bytes = Buffer.from(await given.arrayBuffer());
    const isFeed = asked.pathname === '/v1/events' && forged !== undefined;
    answer.writeHead(given.status, { 'content-type': given.headers.get('content-type') ?? '' });
    answer.end(isFeed ? bytes.toString().replaceAll(forged, randomUUID()) : bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    process: { ...ledger, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    close: () => server.close(),
  };
}

interface Answer {
  readonly asOf: { readonly position: string };
  readonly fromLog: {
    readonly events: number;
    readonly disagreements: readonly {
      readonly what: string;
      readonly log: string;
      readonly readModels: string;
    }[];
    readonly serials: readonly { readonly serial: string }[];
    readonly faults: readonly string[];
    readonly log: { readonly size: number };
    readonly checkedWith: { readonly key: string };
    readonly findings: readonly { readonly kind: string }[];
  };
}

t.test('the log alone gives what the read models say, now and at a past position', async (t) => {
  await live();
  const cli = cliFor(ledger);
  const now = await cli(['conservation', '--from-log', '--json']);
  t.equal(now.code, 0, now.stdout);
  const answer = now.json() as unknown as Answer;
  t.strictSame(answer.fromLog.disagreements, []);
  t.ok(answer.fromLog.events > 40);
  const middle = String(Math.floor(Number(answer.asOf.position) / 2)).padStart(16, '0');
  const past = await cli(['conservation', '--from-log', '--as-of', middle, '--json']);
  t.equal(past.code, 0, past.stdout);
  t.match(past.json(), { asOf: { position: middle }, fromLog: { events: Number(middle) } });
  const printed = await cli(['conservation', '--from-log']);
  t.match(printed.stdout, 'the read models say what the log says');
  t.match(printed.stdout, /b-2 .* IDR 10000 /);
});

t.test('a copy of the log, checked by a key of the auditor, is as good', async (t) => {
  const cli = cliFor(ledger);
  const copy = join(ledger.directory, 'copy');
  const key = join(ledger.directory, 'log', 'vkeys');
  cpSync(join(ledger.directory, 'log'), copy, { recursive: true });
  t.teardown(() => rmSync(copy, { recursive: true }));
  const fromCopy = (...more: string[]) =>
    cli(['conservation', '--from-log', '--log', copy, '--key', key, '--json', ...more]);
  const whole = await fromCopy();
  const { fromLog } = whole.json() as unknown as Answer;
  t.equal(whole.code, 0, whole.stdout);
  t.match(fromLog, { disagreements: [], findings: [], checkedWith: { key: 'given' } });
  t.equal(fromLog.events, fromLog.log.size);

  const client = createClient({ baseUrl: ledger.url, token: ledger.token });
  const { body } = await client.stamps.sell(OWN[5] ?? '', { channel: 'direct', holder: 'h' });
  t.equal(body.state, 'sold');
  const behind = await fromCopy();
  t.equal(behind.code, 5, 'the copy is behind the read models of now');
  const end = (whole.json() as unknown as Answer).asOf.position;
  t.match(behind.stdout, `--as-of ${end}`);
  const older = await fromCopy('--as-of', end);
  t.equal(older.code, 0, 'compared as of where the copy ends');
  t.equal((older.json() as unknown as Answer).fromLog.events, fromLog.events);
  const [next] = (await client.events.page({ after: (older.json() as unknown as Answer).asOf.position })).body
    .events;
  client.close();
  t.equal((await fromCopy('--as-of', next?.position ?? '')).code, 5, 'the copy does not reach so far');

  const bundle = join(copy, 'tile/entries/000.p', String(fromLog.log.size));
  const bytes = readFileSync(bundle);
  writeFileSync(bundle, Buffer.from(bytes.toString('latin1').replace('"kios-1"', '"kios-2"'), 'latin1'));
  const tampered = await fromCopy();
  t.equal(tampered.code, 13);
  t.match((tampered.json() as unknown as Answer).fromLog.findings, [{ kind: 'entry-differs' }]);
  const other = formatVkey(makeSigner({ name: 'other.example/log', seed: Buffer.alloc(32, 1) }).verifier);
  const strange = await cli(['conservation', '--from-log', '--log', copy, '--key', other, '--json']);
  t.equal(strange.code, 11);
  t.match((strange.json() as unknown as Answer).fromLog, { isCompared: false, disagreements: [], events: 0 });
  const told = await cli(['conservation', '--from-log', '--log', copy, '--key', other]);
  t.notMatch(told.stdout, 'say what the log says');
  t.match(told.stdout, 'Nothing was compared');
});

t.test('the log alone decides what was recorded by a time', async (t) => {
  const client = createClient({ baseUrl: ledger.url, token: ledger.token });
  t.teardown(() => client.close());
  const { events } = (await client.events.page()).body;
  const at = events.findIndex(
    (event, index) => index > 10 && event.recordedAt !== events[index + 1]?.recordedAt,
  );
  const counted = at + 1;
  const asOf = events[at]!.recordedAt;
  const past = await cliFor(ledger)(['conservation', '--from-log', '--as-of', asOf, '--json']);
  t.equal(past.code, 0, past.stdout);
  t.equal((past.json() as unknown as Answer).fromLog.events, counted);

  const faultsOf = async (lie: Parameters<typeof liar>[0]) => {
    const dishonest = await liar(lie);
    t.teardown(dishonest.close);
    const result = await cliFor(dishonest.process)(['conservation', '--from-log', '--as-of', asOf, '--json']);
    t.equal(result.code, 6, result.stderr);
    return (result.json() as unknown as Answer).fromLog.faults;
  };
  const place = (index: number) => ({ position: events[index]!.position });
  t.match(await faultsOf(place(at - 5)), [/does not count/], 'too little is counted');
  t.match(await faultsOf(place(at + 1)), [/counts .* after/], 'too much is counted');
  t.match(await faultsOf({ forged: events[at + 1]!.id }), [/goes on without/], 'one that is not in the log');
});

t.test('altered rows are found, group by group and stamp by stamp', async (t) => {
  await ledger.kill();
  const file = readModelsFile(ledger.directory, 1);
  const db = new Database(file, { fileMustExist: true });
  db.prepare('ATTACH ? AS look_up').run(lookUpFile(file));
  const [sold = ''] = OWN;
  // A sold stamp is shown as affixed in both models, with counts that fit, and a waiting order as fulfilled.
  db.exec(`UPDATE stamp_view SET state = 5 WHERE serial = '${sold}';
    UPDATE lot SET n2 = n2 - 1, n5 = n5 + 1 WHERE id = (SELECT grp / 8 FROM stamp WHERE serial = '${sold}');
    UPDATE stamp SET grp = grp + 3 WHERE serial = '${sold}';
    UPDATE order_row SET status = 'fulfilled' WHERE order_id = 'waits'`);
  db.close();
  ledger = await ledger.restart();
  const cli = cliFor(ledger);
  const found = await cli(['conservation', '--from-log', '--json']);
  t.equal(found.code, 6);
  const { disagreements, serials, faults } = (found.json() as unknown as Answer).fromLog;
  t.strictSame(
    disagreements.map(({ what, log, readModels }) => `${what} ${log} ${readModels}`),
    ['sold 2 1', 'affixed 1 2', 'pending 10000000 thousandths 0', 'fulfilled 10000000 thousandths 20000'],
  );
  t.strictSame(serials, [{ serial: sold, log: 'sold', readModels: 'affixed' }]);
  t.strictSame(faults, []);
  t.match((await cli(['conservation', '--from-log'])).stdout, 'they do not agree');
});

t.test('an altered row of the look-ups is found while further events come in', async (t) => {
  const [, reserved = '', , affixed = ''] = OWN;
  await ledger.kill();
  const db = new Database(lookUpFile(readModelsFile(ledger.directory, 1)), { fileMustExist: true });
  db.exec(`UPDATE stamp_view SET state = 5 WHERE serial = '${reserved}'`);
  db.close();
  ledger = await ledger.restart();
  const client = createClient({ baseUrl: ledger.url, token: ledger.token });
  let isRead = false;
  const traffic = (async () => {
    for (; !isRead; ) await client.stamps.verify(affixed);
  })();
  const found = await cliFor(ledger)(['conservation', '--from-log', '--json']);
  isRead = true;
  await traffic;
  client.close();
  t.equal(found.code, 6, found.stderr);
  const { serials } = (found.json() as unknown as Answer).fromLog;
  t.ok(serials.some(({ serial }) => serial === reserved));
});
