import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditQuorum, type CosignedTiles, cosignedTiles, parsePolicy, runWitness } from '@stamp-ledger/app';
import type { StreamName } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import {
  cosign,
  formatSignatureLine,
  formatVkey,
  makeSigner,
  openCheckpoint,
} from '@stamp-ledger/transparency';
import { httpWitness, openEmbeddedSealing, readConfiguration, sleep } from '@stamp-ledger/wiring';
import t, { type Test } from 'tap';
import { eventAt } from '../app-move/moving.js';
import { eventually } from '../support/eventually.js';
import { directoryFor, logger } from '../support/server.js';
import { startWitness, type WitnessDouble } from './witness-double.js';
import { IDENTITY, ORIGIN, signerOf, World } from './world.js';

const LOG = { origin: ORIGIN, logKeys: [IDENTITY.signers[0].verifier] };
const SOON = 20_000;

async function scene(t: Test): Promise<{ world: World; witness: WitnessDouble; tiles: CosignedTiles }> {
  const world = await World.begin();
  const witness = await startWitness(LOG);
  t.teardown(async () => {
    await world.end();
    await witness.close();
  });
  return { world, witness, tiles: cosignedTiles(world.tiles) };
}

/** Asks the witness until the end of the test, as a sealer's process does; answers what troubled it. */
function witnessing(t: Test, tiles: CosignedTiles, { vkey, url }: WitnessDouble): readonly string[] {
  const stopping = new AbortController();
  const troubles: string[] = [];
  const running = runWitness({
    witness: httpWitness({ vkey, url }),
    tiles,
    signal: stopping.signal,
    // No pause between requests: the test waits for what they lead to.
    sleep: (_milliseconds, signal) => sleep(1, signal),
    onTrouble: (why) => troubles.push(why),
  });
  t.teardown(async () => {
    stopping.abort();
    await running;
  });
  return troubles;
}

/** Resolves when the published checkpoint has this size and a good cosignature; answers it. */
const cosigned = (
  { world, witness }: { world: Pick<World, 'tiles'>; witness: WitnessDouble },
  size: number,
) =>
  eventually(
    async () => {
      const note = await world.tiles.readCheckpoint();
      if (note === undefined) return false;
      const opened = openCheckpoint(note, { ...LOG, witnesses: [witness.key] });
      const isCosigned = opened.note.verified.some(({ key }) => key === witness.key);
      return opened.size === size && isCosigned && note;
    },
    { what: `a cosignature of ${size}`, milliseconds: SOON },
  );

t.test('what is published is cosigned, each time with a proof from the last', async (t) => {
  const here = await scene(t);
  const { world, witness, tiles } = here;
  witnessing(t, tiles, witness);
  await world.append(300);
  t.match(await world.seal({ tiles }), { kind: 'running' });
  await cosigned(here, 300);
  await world.append(400);
  await world.seal({ tiles });
  const note = await cosigned(here, 700);
  t.notOk(
    witness.answers.some((status) => status !== 200),
    'no proof was wrong',
  );

  const policy = parsePolicy(
    Buffer.from(`log ${formatVkey(LOG.logKeys[0]!)}\nwitness w ${witness.vkey}\nquorum w\n`),
  );
  const log = { read: async (path: string) => (path === 'checkpoint' ? note : undefined) };
  t.strictSame((await auditQuorum({ log, policy })).findings, []);
  t.match(await world.seal(), { kind: 'running' }, 'a sealer goes on from a cosigned checkpoint');
});

t.test('a witness that knows another size is given the proof from there', async (t) => {
  const here = await scene(t);
  const { world, witness, tiles } = here;
  await world.append(300);
  await world.seal({ tiles });
  witnessing(t, tiles, witness);
  await cosigned(here, 300);
  await world.append(30);
  const later = cosignedTiles(world.tiles);
  witnessing(t, later, witness);
  await world.seal({ tiles: later });
  await cosigned(here, 330);
  t.strictSame(witness.answers.slice(0, 3), [200, 409, 200]);
  t.notOk(witness.answers.includes(422), 'no proof was wrong');
});

t.test('a witness that hangs, fails or signs nonsense holds up nothing, and adds nothing', async (t) => {
  const here = await scene(t);
  const { world, witness, tiles } = here;
  const troubles = witnessing(t, tiles, witness);
  let size = 0;
  for (const behaviour of ['failing', 'nonsense'] as const) {
    witness.behave(behaviour);
    const before = troubles.length;
    await world.append(50);
    size += 50;
    t.match(await world.seal({ tiles }), { kind: 'running', sealed: { size } });
    await eventually(async () => troubles.length > before, { what: behaviour, milliseconds: SOON });
    t.strictSame(await tiles.readCheckpoint(), tiles.latest(), `${behaviour}: published as it was signed`);
  }
  witness.behave('never');
  await world.append(50);
  t.match(await world.seal({ tiles }), { kind: 'running', sealed: { size: 150 } });
  witness.behave(undefined);
  await cosigned(here, 150);
});

t.test('a cosignature of an older checkpoint never takes the place of a newer one', async (t) => {
  const { world, tiles, witness } = await scene(t);
  await world.append(10);
  await world.seal({ tiles });
  const older = tiles.latest()!;
  const { lines } = (await httpWitness(witness).addCheckpoint({
    old: 0,
    proof: [],
    checkpoint: older,
    signal: AbortSignal.timeout(SOON),
  })) as {
    lines: string;
  };
  await world.append(10);
  await world.seal({ tiles });
  t.equal(await tiles.attach({ checkpoint: older, lines, key: witness.key }), true);
  t.strictSame(await tiles.readCheckpoint(), tiles.latest());
  t.equal(openCheckpoint((await tiles.readCheckpoint())!, LOG).size, 20);
});

t.test('a cosignature of the checkpoint and more is none of the checkpoint', async (t) => {
  const { world, tiles } = await scene(t);
  await world.append(10);
  await world.seal({ tiles });
  const checkpoint = tiles.latest()!;
  const signer = makeSigner({ name: 'w.example', seed: Buffer.alloc(32, 9), algorithm: 4 });
  const { name, keyId } = signer.verifier;
  const [text = ''] = checkpoint.toString().split('\n\n');
  const extended = `${text}\n\n\u2014 x\n`;
  const signature = cosign({ signer, checkpoint: extended, time: 1_750_000_000 });
  const lines = `\u2014 x\n\n${formatSignatureLine({ name, keyId, signature })}`;
  t.equal(await tiles.attach({ checkpoint, lines, key: signer.verifier }), false);
  t.strictSame(await tiles.readCheckpoint(), checkpoint, 'published as it was signed');
});

t.test('the embedded sealer has its log cosigned, and ends though a witness hangs', async (t) => {
  const directory = directoryFor(t);
  const store = await openEmbeddedEventStore({ directory });
  const skey = signerOf(1).skey;
  mkdirSync(join(directory, 'keys/log'), { recursive: true });
  writeFileSync(join(directory, 'keys/log/0001.skey'), skey);
  const witness = await startWitness(LOG);
  t.teardown(() => witness.close());
  const now = () => new Date().toISOString() as Instant;
  const { vkey, url } = witness;
  const options = { directory, origin: ORIGIN, store, logger, now, witnesses: [{ vkey, url }] };
  const sealing = await openEmbeddedSealing(options);
  const append = (at: number) =>
    store.append([{ stream: `stamp-${at}` as StreamName, expected: 'no-stream', events: [eventAt(at)] }]);
  await append(0);
  await cosigned({ world: { tiles: sealing.tiles }, witness }, 1);
  witness.behave('never');
  await append(1);
  t.ok(await sealing.whenSealed((await store.head())!, AbortSignal.timeout(SOON)));
  await eventually(async () => witness.isHanging, { what: 'a hanging request', milliseconds: SOON });
  const begun = performance.now();
  await sealing.close();
  t.ok(performance.now() - begun < LIMITS.witnessMilliseconds, 'not held up');
  await store.close();
});

t.test('witnesses are configured by pairs of key and address', async (t) => {
  const { witness } = await scene(t);
  const read = (text: string) => readConfiguration({ LEDGER_WITNESSES: text });
  const pair = `${witness.vkey} https://witness.example/w/`;
  t.match(read(`${pair}, ${witness.vkey}  http://127.0.0.1:1/x`), {
    configuration: { witnesses: [{ url: 'https://witness.example/w' }, { url: 'http://127.0.0.1:1/x' }] },
  });
  t.match(read(''), { configuration: { witnesses: [] } });
  for (const bad of ['x', `${pair},`, `${witness.vkey} ftp://x`, `${formatVkey(LOG.logKeys[0]!)} https://x`])
    t.match(read(bad), { ok: false, faults: [/LEDGER_WITNESSES/] }, bad);
});
