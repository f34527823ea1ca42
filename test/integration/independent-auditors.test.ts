import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeBundle,
  parseTlogProof,
  parseVkey,
  TILE_WIDTH,
  tilePath,
  tileWidth,
} from '@stamp-ledger/transparency';
import t, { type Test } from 'tap';
import { goAuditor, sigstore, tesseraFsck } from '../independent/auditors.js';
import { eventually } from '../support/eventually.js';
import { caller } from '../support/http.js';
import { startLedgerProcess } from '../support/server-process.js';

t.setTimeout(600_000);

const SOON = 60_000;
const STAMPS = 600;

/**
 * Programs that we did not write read the log of a ledger that was killed on the way: they accept it, and refuse what was
 * done to copies of it.
 */
t.test('independent auditors', async (t) => {
  const [audit, fsck] = [await goAuditor(), await tesseraFsck()];
  let ledger = await startLedgerProcess();
  t.teardown(() => ledger.stop());
  await mint('first');
  const kept = await checkpointOf(STAMPS);
  const [vkey = ''] = (await (await fetch(`${ledger.url}/log/vkeys`)).text()).split('\n');
  const key = parseVkey(vkey);
  ledger = await ledger.restart();
  await mint('second');
  const checkpoint = await checkpointOf(2 * STAMPS);
  const log = { url: `${ledger.url}/log`, key };

  await t.test('accept the log as it is served', async (t) => {
    for (const { accepts, said } of [await audit({ ...log, kept }), await fsck(log)]) t.ok(accepts, said);
    const { index, hashes, entry, note } = await provenStamp();
    const opinion = sigstore({ key, checkpoint: note, index, hashes, entry });
    t.ok(opinion.accepts, opinion.said);
    const altered = sigstore({
      key,
      checkpoint: note,
      index,
      hashes,
      entry: Buffer.concat([entry, Buffer.from(' ')]),
    });
    t.notOk(altered.accepts, 'another entry is not proven');
  });

  await t.test('refuse copies that were tampered with', async (t) => {
    const flipped = async (t: Test, file: string): Promise<void> => {
      const served = await serveCopy(t, join(ledger.directory, 'log'), (copy) => {
        const bytes = readFileSync(join(copy, file));
        bytes[40] = (bytes[40] ?? 0) ^ 1;
        writeFileSync(join(copy, file), bytes);
      });
      t.notOk((await audit({ ...log, url: served, kept })).accepts, `x/mod: ${file}`);
      t.notOk((await fsck({ ...log, url: served })).accepts, `fsck: ${file}`);
    };
    await flipped(t, 'tile/entries/001');
    await flipped(t, 'tile/0/001');
    const rolledBack = await serveCopy(t, join(ledger.directory, 'log'), (copy) =>
      writeFileSync(join(copy, 'checkpoint'), kept),
    );
    t.match(await audit({ ...log, url: rolledBack, kept: checkpoint }), {
      accepts: false,
      said: /^ROLLBACK/,
    });
  });

  async function mint(batchId: string): Promise<void> {
    const call = caller(ledger.url, ledger.token);
    await call('/v1/batches', {
      body: { batchId, denomination: { amount: '10000', currency: 'IDR' }, quantity: STAMPS, series: '2024' },
    });
    await eventually(async () => (await call(`/v1/batches/${batchId}`)).json.status === 'minted', {
      what: batchId,
      milliseconds: SOON,
    });
  }

  /** The signed checkpoint of a log with more than so many entries, which is published a moment after the events. */
  function checkpointOf(entries: number): Promise<Buffer> {
    return eventually(
      async () => {
        const bytes = Buffer.from(await (await fetch(`${ledger.url}/log/checkpoint`)).arrayBuffer());
        return Number(bytes.toString().split('\n')[1]) > entries && bytes;
      },
      { what: 'a checkpoint', milliseconds: SOON },
    );
  }

  /** A proof of a stamp's first event, and the event's entry out of the log itself. */
  async function provenStamp() {
    const call = caller(ledger.url, ledger.token);
    const page = await call('/v1/events?types=StampMinted&limit=1');
    const serial = (page.json.events as { stream: string }[])[0]?.stream.slice('stamp-'.length);
    const { json } = await call(`/v1/stamps/${serial}/proof`, { token: null });
    const [first] = json.proofs as { proof: string }[];
    const { index, hashes, checkpoint: note } = parseTlogProof(Buffer.from(first?.proof ?? ''));
    const size = Number(note.toString().split('\n')[1]);
    const bundle = { level: 'entries', index: Math.floor(index / TILE_WIDTH) } as const;
    const width = tileWidth({ ...bundle, size });
    const answer = await fetch(`${ledger.url}/log/${tilePath({ ...bundle, width })}`);
    const entry = decodeBundle(Buffer.from(await answer.arrayBuffer()), width)[index % TILE_WIDTH];
    if (entry === undefined) throw new Error('the entry is not in its bundle');
    return { index, hashes, entry, note };
  }
});

/** Serves a changed copy of a log; answers its URL. */
async function serveCopy(t: Test, log: string, change: (copy: string) => void): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'stamp-ledger-copy-'));
  cpSync(log, copy, { recursive: true });
  change(copy);
  const server = createServer((request, response) => {
    const file = join(copy, request.url ?? '');
    if (existsSync(file)) response.end(readFileSync(file));
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
    rmSync(copy, { recursive: true });
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
