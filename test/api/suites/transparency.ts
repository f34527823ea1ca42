import {
  decodeBundle,
  openCheckpoint,
  openReceipt,
  parseTlogProof,
  parseVkey,
  proveConsistency,
  tileHashReader,
  tilePath,
  tileWidth,
  verifyConsistency,
  verifyTlogProof,
} from '@stamp-ledger/transparency';
import type { Test } from 'tap';
import { serve } from '../../support/server.js';
import { faultOf, leafOf, mth } from '../../transparency/naive.js';
import {
  affixedStamp,
  freshDocument,
  head,
  mintStamps,
  RUPIAH_10000,
  UNSEEN_SERIAL,
  type World,
} from '../world.js';

/** The log as an outsider meets it, with nothing but HTTP and a public key. */
export async function transparency(t: Test, world: World): Promise<void> {
  await mintStamps(world.call, 300);
  const serial = await affixedStamp(world.call, freshDocument());
  await sealed(world);
  const kept = await checkpoint(world);
  await t.test('the whole log, re-hashed', (t) => wholeLog(t, world));
  await t.test('the cosigned checkpoint', (t) => cosigned(t, world));
  await t.test('proofs of a stamp', (t) => proofs(t, world, serial));
  await t.test('a newer checkpoint extends the kept one', (t) => extended(t, world, kept));
  await t.test('receipts', (t) => receipts(t, world));
  await t.test('receipts of commands that end together', (t) => sharedReceipts(t, world));
  await t.test('what is not there', (t) => notThere(t, world));
}

const sealed = async (world: World): Promise<boolean | undefined> =>
  world.opened.ledger.sealing?.whenSealed(
    (await head(world)) as Parameters<NonNullable<World['opened']['ledger']['sealing']>['whenSealed']>[0],
    AbortSignal.timeout(20_000),
  );

async function trust({ call }: World) {
  const { text } = await call('/log/vkeys', { token: null });
  const logKeys = text.trimEnd().split('\n').map(parseVkey);
  return { origin: 'stamp-ledger.test/log', logKeys };
}

async function checkpoint(world: World) {
  const reply = await world.call('/log/checkpoint', { token: null });
  return openCheckpoint(Buffer.from(reply.text), await trust(world));
}

/** A file of the log, as bytes: what goes through the witness is text. */
async function fetched({ url }: World, path: string): Promise<Response> {
  return fetch(`${url}/log/${path}`);
}

const bytesOf = async (world: World, path: string): Promise<Buffer> =>
  Buffer.from(await (await fetched(world, path)).arrayBuffer());

async function cosigned(t: Test, { opened, recorder }: World): Promise<void> {
  const { ledger } = opened;
  const log = { ...ledger.log!, cosigned: () => ledger.log!.checkpoint() };
  const { api, call } = await serve(opened, { ledger: { ...ledger, log }, witness: recorder.witness });
  const reply = await call('/log/cosigned-checkpoint', { token: null });
  t.equal(reply.status, 200);
  t.equal(reply.headers.get('cache-control'), 'no-cache');
  await api.close();
}

async function wholeLog(t: Test, world: World): Promise<void> {
  const { call } = world;
  const first = await call('/log/checkpoint', { token: null });
  t.equal(first.headers.get('cache-control'), 'no-cache');
  t.equal(first.headers.get('content-type'), 'text/plain; charset=utf-8');
  t.equal(first.headers.get('access-control-allow-origin'), '*');
  t.equal((await call('/log/cosigned-checkpoint', { token: null })).status, 404, 'nobody was asked');
  const tile = await call('/log/tile/0/000', { token: null });
  t.equal(tile.status, 200);
  t.equal(tile.headers.get('content-type'), 'application/octet-stream');
  t.match(tile.headers.get('cache-control'), /max-age=\d+, immutable/);
  t.equal((await bytesOf(world, 'tile/0/000')).length, 8_192);

  const { size, root } = await checkpoint(world);
  const leaves: Buffer[] = [];
  for (let index = 0; index * 256 < size; index++) {
    const width = tileWidth({ level: 'entries', index, size });
    const bundle = await bytesOf(world, tilePath({ level: 'entries', index, width }));
    leaves.push(...decodeBundle(bundle, width).map(leafOf));
  }
  t.ok(mth(leaves).equals(root));
}

async function proofs(t: Test, world: World, serial: string): Promise<void> {
  const { call } = world;
  const history = (await call(`/v1/stamps/${serial}/history`)).json.events as readonly {
    readonly leafHash: string;
    readonly leafIndex: number;
    readonly id: string;
  }[];
  const answer = (await call(`/v1/stamps/${serial}/proof`, { token: null })).json;
  const found = answer.proofs as readonly {
    eventId: string;
    leafHash: string;
    leafIndex: number;
    proof: string;
  }[];
  t.equal(found.length, history.length);
  t.strictSame(answer.unsealed, []);
  const known = await trust(world);
  for (const [at, { eventId, leafHash, leafIndex, proof }] of found.entries()) {
    t.match(history[at], { id: eventId, leafHash, leafIndex }, 'history and proof agree');
    const parsed = parseTlogProof(Buffer.from(proof));
    t.equal(parsed.index, leafIndex);
    t.ok(verifyTlogProof(parsed, { ...known, leaf: Buffer.from(leafHash, 'hex') }).size > leafIndex);
    t.throws(() => verifyTlogProof(parsed, { ...known, leaf: Buffer.alloc(32) }), /not proven/);
  }
  const rest = (await call(`/v1/stamps/${serial}/proof?from=1`, { token: null })).json;
  t.strictSame(rest.proofs, found.slice(1));
  t.equal((await call(`/v1/stamps/${UNSEEN_SERIAL}/proof`)).status, 404);
  t.equal((await call('/v1/stamps/scribble/proof')).status, 400);
}

async function extended(t: Test, world: World, kept: Awaited<ReturnType<typeof checkpoint>>): Promise<void> {
  await mintStamps(world.call, 20);
  await sealed(world);
  const { size, root } = await checkpoint(world);
  t.ok(size > kept.size);
  const read = tileHashReader({ size, readTile: (tile) => bytesOf(world, tilePath(tile)) });
  const proof = await proveConsistency({ older: kept.size, newer: size, read });
  t.ok(verifyConsistency({ older: kept.size, olderRoot: kept.root, newer: size, newerRoot: root, proof }));
}

/** A command's answer promises what the log then holds. */
async function receipts(t: Test, world: World): Promise<void> {
  const { call } = world;
  const [serial = ''] = await mintStamps(call, 1);
  const request = {
    body: { channel: 'direct', holder: 'holder-1' },
    key: `key-${serial}`,
    headers: { prefer: 'wait=20' },
  };
  const sold = await call(`/v1/stamps/${serial}/sale`, request);
  t.equal(sold.status, 201);
  t.equal(sold.headers.get('ledger-sealed'), 'true');
  t.equal(sold.headers.get('preference-applied'), 'wait=20');
  const note = Buffer.from(sold.headers.get('ledger-receipt')!, 'base64');
  const { text } = await call('/log/receipt-vkeys', { token: null });
  const keys = text.trimEnd().split('\n').map(parseVkey);
  const { origin, logKeys } = await trust(world);
  const receipt = openReceipt(note, { origin, keys });
  t.equal(
    faultOf(() => openReceipt(note, { origin, keys: logKeys })),
    'no-known-signature',
    'a key of its own',
  );
  t.equal(
    faultOf(() => openReceipt(note, { origin: 'other.example', keys })),
    'wrong-origin',
  );

  const { proofs } = (await call(`/v1/stamps/${serial}/proof`, { token: null })).json;
  const last = (proofs as readonly { eventId: string; leafHash: string; proof: string }[]).at(-1)!;
  t.equal(receipt.events.length, 1);
  t.match(receipt.events[0], { eventId: last.eventId, leaf: Buffer.from(last.leafHash, 'hex') });
  const proof = parseTlogProof(Buffer.from(last.proof));
  t.ok(
    verifyTlogProof(proof, { ...(await trust(world)), leaf: receipt.events[0]!.leaf }),
    'the promise was kept',
  );

  const again = await call(`/v1/stamps/${serial}/sale`, request);
  t.equal(again.headers.get('ledger-receipt'), note.toString('base64'), 'a repeat is promised the same');
  const released = await call(`/v1/stamps/${serial}/reservation`, { method: 'DELETE' });
  t.equal(released.status, 200);
  t.equal(released.headers.get('ledger-receipt'), null, 'nothing was written');
  await ofVerification(t, world, { serial, origin, keys });
  const order = { channel: 'nowhere', holder: 'h', denomination: RUPIAH_10000, quantity: 1 };
  const placed = await call('/v1/orders', { body: order });
  t.equal(
    openReceipt(Buffer.from(placed.headers.get('ledger-receipt')!, 'base64'), { origin, keys }).origin,
    origin,
  );
}

/** A recorded check is a fact too: the relying party can show that it asked. */
async function ofVerification(
  t: Test,
  { call }: World,
  { serial, ...trusted }: { readonly serial: string } & Parameters<typeof openReceipt>[1],
): Promise<void> {
  const checked = await call('/v1/verifications', { body: { serial } });
  const receipt = openReceipt(Buffer.from(checked.headers.get('ledger-receipt')!, 'base64'), trusted);
  const events = (await call(`/v1/stamps/${serial}/history`)).json.events as {
    id: string;
    leafHash: string;
  }[];
  const last = events.at(-1)!;
  t.match(receipt.events, [{ eventId: last.id, leaf: Buffer.from(last.leafHash, 'hex') }]);
  const malformed = await call('/v1/verifications', { body: { serial: 'scribble' } });
  t.equal(malformed.headers.get('ledger-receipt'), null, 'nothing was recorded');
}

/** Signatures are shared by what ends at once; every answer's receipt promises its own event all the same. */
async function sharedReceipts(t: Test, world: World): Promise<void> {
  const { call } = world;
  const serials = await mintStamps(call, 12);
  const { text } = await call('/log/receipt-vkeys', { token: null });
  const keys = text.trimEnd().split('\n').map(parseVkey);
  const { origin } = await trust(world);
  const sale = { channel: 'direct', holder: 'holder-1' };
  const answers = await Promise.all(
    serials.map((serial) => call(`/v1/stamps/${serial}/sale`, { body: sale })),
  );
  for (const [index, answer] of answers.entries()) {
    const note = Buffer.from(answer.headers.get('ledger-receipt') ?? '', 'base64');
    const { events } = openReceipt(note, { origin, keys });
    const { json } = await call(`/v1/stamps/${serials[index]}/history`);
    const own = (json.events as readonly { id: string; leafHash: string }[]).at(-1);
    const promised = events.find(({ eventId }) => eventId === own?.id);
    t.equal(promised?.leaf.toString('hex'), own?.leafHash, 'the event of the command itself');
    t.ok(events.length <= 8, 'few enough for a header');
  }
}

async function notThere(t: Test, world: World): Promise<void> {
  for (const path of [
    'tile/0/999',
    'tile/0/x001/000',
    'tile/0/000.p/256',
    'tile/data/000',
    'tile/entries/999.p/3',
    'tile/0/%2e%2e',
    'tile/0/000/..%2f..%2fcheckpoint',
    'tile/8/0/000',
    'nothing',
  ])
    t.equal((await fetched(world, path)).status, 404, path);
  t.equal((await world.call('/log/tile/0/999')).status, 404);
  t.equal((await fetched(world, 'checkpoint?x=1')).status, 400);
}
