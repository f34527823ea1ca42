import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  auditQuorum,
  type Cosigned,
  type CosignedTiles,
  cosignedTiles,
  createPublishedLog,
  runSealer,
  runWitnesses,
  type SealStatus,
  shownByWitnesses,
} from '@stamp-ledger/app';
import type { StreamName } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import {
  cosign,
  cosignedSince,
  formatSignatureLine,
  formatVkey,
  makeSigner,
  openCheckpoint,
  parseNote,
  parsePolicy,
  parseTlogProof,
} from '@stamp-ledger/transparency';
import {
  httpWitness,
  openCosigning,
  openEmbeddedSealing,
  readConfiguration,
  sleep,
} from '@stamp-ledger/wiring';
import t, { type Test } from 'tap';
import { eventAt } from '../app-move/moving.js';
import { eventually } from '../support/eventually.js';
import { directoryFor, logger } from '../support/server.js';
import { startWitness, type WitnessDouble } from './witness-double.js';
import { IDENTITY, ORIGIN, signerOf, World } from './world.js';

const LOG = { origin: ORIGIN, logKeys: [IDENTITY.signers[0].verifier] };
const SOON = 20_000;
const cosignerOf = (seed: number) =>
  makeSigner({ name: `w${seed}.example`, seed: Buffer.alloc(32, seed), algorithm: 4 });

async function scene(t: Test): Promise<{ world: World; witness: WitnessDouble; tiles: CosignedTiles }> {
  const world = await World.begin();
  const witness = await startWitness(LOG);
  t.teardown(async () => {
    await world.end();
    await witness.close();
  });
  return { world, witness, tiles: await cosigning(t, { world, witnesses: [witness] }) };
}

/** What a sealer's process publishes through. */
const cosigning = (
  t: Test,
  {
    world,
    witnesses,
    quorum = witnesses.length,
    strict = false,
  }: {
    readonly world: World;
    readonly witnesses: readonly WitnessDouble[];
    readonly quorum?: number;
    readonly strict?: boolean;
  },
): Promise<CosignedTiles> => {
  const stopping = new AbortController();
  t.teardown(() => stopping.abort());
  const keys = witnesses.map(({ key }) => key);
  return cosignedTiles({ tiles: world.tiles, witnesses: keys, quorum, strict, signal: stopping.signal });
};

/** Asks the witnesses until the end of the test, as a sealer's process does; answers what troubled it. */
function witnessing(
  t: Test,
  tiles: CosignedTiles,
  ...witnesses: readonly WitnessDouble[]
): readonly string[] {
  const stopping = new AbortController();
  const troubles: string[] = [];
  const running = runWitnesses({
    witnesses: witnesses.map(httpWitness),
    tiles,
    signal: stopping.signal,
    // Hardly a pause between rounds: the test waits for what they lead to.
    sleep: (milliseconds, signal) => sleep(milliseconds > LIMITS.witnessPauseMilliseconds ? SOON : 1, signal),
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
  const now = '2026-01-01T00:00:00.000Z' as Instant;
  t.strictSame((await auditQuorum({ log, policy, now })).findings, []);
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
  const later = await cosigning(t, { world, witnesses: [witness] });
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
    t.strictSame(
      await tiles.readCheckpoint(),
      tiles.latest()?.checkpoint,
      `${behaviour}: published as it was signed`,
    );
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
    checkpoint: older.checkpoint,
    signal: AbortSignal.timeout(SOON),
  })) as {
    lines: string;
  };
  await world.append(10);
  await world.seal({ tiles });
  t.equal(await tiles.attach({ checkpoint: older, lines, key: witness.key }), true);
  t.strictSame(await tiles.readCheckpoint(), tiles.latest()?.checkpoint);
  t.equal(openCheckpoint((await tiles.readCheckpoint())!, LOG).size, 20);
});

t.test('a cosignature of the checkpoint and more is none of the checkpoint', async (t) => {
  const { world, tiles } = await scene(t);
  await world.append(10);
  await world.seal({ tiles });
  const checkpoint = tiles.latest()!;
  const signer = cosignerOf(9);
  const { name, keyId } = signer.verifier;
  const [text = ''] = checkpoint.checkpoint.toString().split('\n\n');
  const extended = `${text}\n\n\u2014 x\n`;
  const signature = cosign({ signer, checkpoint: extended, time: 1_750_000_000 });
  const lines = `\u2014 x\n\n${formatSignatureLine({ name, keyId, signature })}`;
  t.equal(await tiles.attach({ checkpoint, lines, key: signer.verifier }), false);
  t.strictSame(await tiles.readCheckpoint(), checkpoint.checkpoint, 'published as it was signed');
});

const eventsOf = ({ store }: World) => store.readAll({ limit: 1_000 });

/** What a file of the log says, and who is known to have signed it. */
const openedBy = (note: Buffer | undefined, ...witnesses: readonly WitnessDouble[]) => {
  const { size, note: opened } = openCheckpoint(note!, {
    ...LOG,
    witnesses: witnesses.map(({ key }) => key),
  });
  return { size, signers: opened.verified.map(({ key }) => key.name) };
};

t.test('the newest cosigned checkpoint is kept while newer ones come, and proofs are by it', async (t) => {
  const { world, witness, tiles } = await scene(t);
  const held = witness.hold();
  await world.append(300);
  await world.seal({ tiles });
  witnessing(t, tiles, witness);
  await eventually(async () => witness.isHanging, { what: 'a request', milliseconds: SOON });
  for (const more of [200, 100]) {
    await world.append(more);
    await world.seal({ tiles });
  }
  t.equal(await tiles.readCosigned(), undefined, 'none before the first');
  // The witness is given no other checkpoint while it has not answered.
  const again = witness.hold();
  held.go();
  const cosigned = await eventually(async () => tiles.readCosigned(), {
    what: 'a quorum',
    milliseconds: SOON,
  });
  t.strictSame(openedBy(cosigned || undefined, witness), { size: 300, signers: [ORIGIN, witness.key.name] });

  const log = createPublishedLog({ tiles: world.tiles, store: world.store, quorum: 1 });
  const events = await eventsOf(world);
  const proofs = await log.prove([events[0]!, events[299]!, events[300]!]);
  t.strictSame(
    proofs.map((proof) => parseTlogProof(Buffer.from(proof!.file)).index),
    [0, 299, 300],
  );
  const checkpoints = proofs.map((proof) => parseTlogProof(Buffer.from(proof!.file)).checkpoint);
  t.strictSame(checkpoints.slice(0, 2), [cosigned, cosigned], 'what it covers is proved by it');
  t.strictSame(openedBy(checkpoints[2]).size, 600, 'the rest by the newest');
  t.match(await log.quorum(), { size: 300, since: 1_725_600_000 });

  // As after a restart, with a witness that is away.
  witness.behave('failing');
  again.go();
  const later = await cosigning(t, { world, witnesses: [witness] });
  await world.append(10);
  await world.seal({ tiles: later });
  t.strictSame(await later.readCosigned(), cosigned, 'it outlives the process');
  t.equal(openedBy(await later.readCheckpoint()).size, 610);
});

t.test('enough witnesses sign the same checkpoint, though one is away', async (t) => {
  const { world, witness } = await scene(t);
  const others = [await startWitness(LOG, 2), await startWitness(LOG, 3)] as const;
  t.teardown(() => Promise.all(others.map((other) => other.close())));
  const witnesses = [witness, ...others];
  const tiles = await cosigning(t, { world, witnesses, quorum: 2 });
  others[1].behave('failing');
  const held = others[0].hold();
  witnessing(t, tiles, ...witnesses);
  await world.append(100);
  await world.seal({ tiles });
  await eventually(async () => witness.size === 100 && others[0].isHanging, {
    what: 'the first',
    milliseconds: SOON,
  });
  await world.append(100);
  await world.seal({ tiles });
  t.equal(await tiles.readCosigned(), undefined, 'one of two is not enough');
  held.go();
  const { name } = witness.key;
  await eventually(
    async () => {
      const note = await tiles.readCosigned();
      return note !== undefined && openedBy(note, ...witnesses).size === 200;
    },
    { what: 'a quorum for 200', milliseconds: SOON },
  );
  const { signers } = openedBy(await tiles.readCosigned(), ...witnesses);
  t.strictSame(signers.sort(), [ORIGIN, name, others[0].key.name].sort());
});

t.test('cosignatures are not lost by sealing the same again', async (t) => {
  const here = await scene(t);
  const { world, witness, tiles } = here;
  const stop = witnessing(t, tiles, witness);
  await world.append(20);
  await world.seal({ tiles });
  await cosigned(here, 20);
  await witness.close();
  const later = await cosigning(t, { world, witnesses: [witness] });
  t.match(await world.seal({ tiles: later }), { kind: 'running' });
  t.strictSame(openedBy(await later.readCheckpoint(), witness).signers, [ORIGIN, witness.key.name]);
  t.strictSame(stop, []);
});

/** Seals twenty events, and has them cosigned until they have long been the newest, and then done again. */
async function cosignedAgain(
  t: Test,
  given: (witness: WitnessDouble) => {
    readonly onAgain?: () => void;
    readonly onTrouble: (why: string) => void;
  },
) {
  const { world, witness, tiles } = await scene(t);
  const { onAgain, onTrouble } = given(witness);
  await world.append(20);
  await world.seal({ tiles });
  const stopping = new AbortController();
  let waits = 0;
  const running = runWitnesses({
    witnesses: [httpWitness(witness)],
    tiles,
    signal: stopping.signal,
    // Time passes once, and stands from then on. What else it waits for has its turn in any pause.
    sleep: async (milliseconds, signal) => {
      if (milliseconds !== LIMITS.witnessAgainMilliseconds) return sleep(1, signal);
      waits += 1;
      if (waits > 1) return sleep(SOON, signal);
      onAgain?.();
    },
    onTrouble,
  });
  const log = createPublishedLog({ tiles: world.tiles, store: world.store, quorum: 1 });
  await eventually(async () => waits > 1, { what: 'the second wait', milliseconds: SOON });
  stopping.abort();
  await running;
  return { witness, quorum: await log.quorum() };
}

t.test('what is long the newest is cosigned again', async (t) => {
  const { witness, quorum } = await cosignedAgain(t, () => ({ onTrouble: (why) => t.fail(why) }));
  t.strictSame(witness.answers, [200, 200]);
  t.strictSame(quorum, { size: 20, since: 1_725_600_001 }, 'with the later time');
});

t.test('a witness that fails when it is to cosign again is asked until it has', async (t) => {
  const { quorum } = await cosignedAgain(t, (witness) => ({
    onAgain: () => witness.behave('failing'),
    onTrouble: () => witness.behave(undefined),
  }));
  t.match(quorum, { size: 20, since: 1_725_600_001 }, 'with the later time');
});

t.test('a strict log publishes only what enough witnesses have cosigned', async (t) => {
  const { world, witness } = await scene(t);
  witness.behave('failing');
  const seal = async (): Promise<{
    readonly statuses: SealStatus[];
    readonly end: () => Promise<void>;
  }> => {
    const stopping = new AbortController();
    const { signal } = stopping;
    const keys = [witness.key];
    const tiles = await cosignedTiles({
      tiles: world.tiles,
      witnesses: keys,
      quorum: 1,
      strict: true,
      signal,
    });
    const statuses: SealStatus[] = [];
    const troubles: string[] = [];
    const asking = runWitnesses({
      witnesses: [httpWitness(witness)],
      tiles,
      signal,
      sleep: (_milliseconds, ending) => sleep(1, ending),
      onTrouble: (why) => troubles.push(why),
    });
    const sealing = world.seal({
      tiles,
      onStatus: (status) => statuses.push(status),
      signal,
    });
    if (witness.behaves === 'failing')
      await eventually(async () => troubles.length > 1, { what: 'refusals', milliseconds: SOON });
    return {
      statuses,
      end: async () => {
        stopping.abort();
        await Promise.all([asking, sealing]);
      },
    };
  };
  await world.append(40);
  const first = await seal();
  t.equal(await world.tiles.readCheckpoint(), undefined, 'signed, and not published');
  t.ok((await world.lock.read()) !== undefined);
  await first.end();
  t.strictSame(
    first.statuses.map(({ kind }) => kind),
    ['starting'],
    'nobody is told that it is sealed',
  );

  const second = await seal();
  t.match(second.statuses, [{ kind: 'starting', sealed: { size: 0 } }]);
  t.equal(await world.tiles.readCheckpoint(), undefined);
  witness.behave(undefined);
  await cosigned({ world, witness }, 40);
  await eventually(async () => second.statuses.at(-1)?.kind === 'running', {
    what: 'the round',
    milliseconds: SOON,
  });
  await second.end();
  t.strictSame(await world.tiles.readCosigned(), await world.tiles.readCheckpoint());
  t.match(second.statuses.at(-1), { kind: 'running', sealed: { size: 40 } });

  witness.behave('failing');
  await world.append(5);
  const third = await seal();
  const signed = { size: 45, position: (await world.store.head())! };
  const last = await eventually(
    async () => third.statuses.find((status) => status.kind === 'running' && status.signed !== undefined),
    { what: 'what intake has to compare with', milliseconds: SOON },
  );
  t.match(last, { kind: 'running', sealed: { size: 40 }, signed }, 'published before, with its quorum');
  await eventually(async () => (await world.lock.read())?.includes('\n45\n'), {
    what: 'its signature',
    milliseconds: SOON,
  });
  await third.end();
  const fourth = await seal();
  t.match(fourth.statuses, [{ kind: 'starting', sealed: { size: 45 } }], 'compared, so that intake may open');
  t.equal(openedBy(await world.tiles.readCheckpoint(), witness).size, 40, 'published as it was');
  await fourth.end();
});

t.test(
  'events that are lost while a strict log waits for witnesses are missed when it goes on',
  async (t) => {
    const { world, witness } = await scene(t);
    await world.append(40);
    await world.seal();
    await world.backUp('backup');
    await world.append(5);
    witness.behave('failing');
    const stopping = new AbortController();
    const { signal } = stopping;
    const tiles = await cosignedTiles({
      tiles: world.tiles,
      witnesses: [witness.key],
      quorum: 1,
      strict: true,
      signal,
    });
    let milliseconds = 0;
    const statuses: SealStatus[] = [];
    const sealing = runSealer({
      ...world.request({ tiles }),
      store: {
        readAll: (request) => world.store.readAll(request),
        readStream: (request) => world.store.readStream(request),
      },
      signal,
      sleep,
      monotonicMilliseconds: () => milliseconds,
      waitForMore: async (_after, ending) => sleep(SOON, ending),
      onStatus: (status) => statuses.push(status),
      onPortError: () => undefined,
    });
    t.teardown(async () => {
      stopping.abort();
      await sealing;
    });
    await eventually(async () => tiles.latest()?.size === 40, {
      what: 'the first round',
      milliseconds: SOON,
    });
    // The events behind it have been read by then.
    await world.restore('backup');
    milliseconds += 2 * LIMITS.sealRetryMillisecondsMax;
    witness.behave(undefined);
    witnessing(t, tiles, witness);
    const begun = () => statuses.filter(({ kind }) => kind === 'starting').length;
    await eventually(async () => begun() === 2, { what: 'another comparison', milliseconds: SOON });
    const { size } = openedBy(await world.lock.read());
    t.equal(size, 40, 'what was read before it waited is not signed');
  },
);

t.test('when asking witnesses fails for good, whoever waits for them is told', async (t) => {
  const { world, witness } = await scene(t);
  witness.behave('failing');
  await world.append(10);
  const cosigning = await openCosigning({
    settings: { witnesses: [witness], quorum: 1, strict: true },
    tiles: world.tiles,
    signal: new AbortController().signal,
    onTrouble: () => {
      throw new TypeError('a mistake');
    },
  });
  await world.seal({ tiles: cosigning.tiles, signal: cosigning.signal });
  t.ok((await world.lock.read()) !== undefined, 'signed');
  t.equal(await world.tiles.readCheckpoint(), undefined, 'not published');
  await t.rejects(cosigning.end(), { message: 'a mistake' });
});

t.test('rounds without a quorum leave nobody waiting behind', async (t) => {
  const { world, witness, tiles } = await scene(t);
  witness.behave('failing');
  await world.append(10);
  await world.seal({ tiles });
  const newest = tiles.latest()!;
  let waiting = 0;
  let most = 0;
  let rounds = 0;
  const counted: Cosigned = {
    checkpoint: newest.checkpoint,
    size: newest.size,
    isCosignedBy: () => false,
    enough: async (signal) => {
      rounds += 1;
      waiting += 1;
      most = Math.max(most, waiting);
      const isEnough = await newest.enough(signal);
      waiting -= 1;
      return isEnough;
    },
  };
  witnessing(t, { ...tiles, latest: () => counted }, witness);
  await eventually(async () => rounds > 20, { what: 'rounds', milliseconds: SOON });
  t.equal(most, 1);
});

t.test('what is cosigned is never newer than what a strict log has published', async (t) => {
  const { world, witness } = await scene(t);
  const published: (number | undefined)[] = [];
  const { signal } = new AbortController();
  const tiles = await cosignedTiles({
    tiles: {
      ...world.tiles,
      replaceCosigned: async (bytes) => {
        const note = await world.tiles.readCheckpoint();
        published.push(note && openedBy(note).size);
        await world.tiles.replaceCosigned(bytes);
      },
    },
    witnesses: [witness.key],
    quorum: 1,
    strict: true,
    signal,
  });
  witnessing(t, tiles, witness);
  await world.append(10);
  await world.seal({ tiles });
  await world.append(10);
  await world.seal({ tiles });
  t.strictSame([...new Set(published)], [0, 10, 20]);
});

t.test('a log that grows while its quorum is audited is no contradiction', async (t) => {
  const here = await scene(t);
  const { world, witness, tiles } = here;
  witnessing(t, tiles, witness);
  await world.append(20);
  await world.seal({ tiles });
  const cosignedFirst = await cosigned(here, 20);
  await world.append(10);
  const before = new Map([['cosigned-checkpoint', cosignedFirst as Buffer]]);
  await world.seal();
  before.set('checkpoint', (await world.tiles.readCheckpoint())!);
  await world.append(10);
  await world.seal({ tiles });
  await cosigned(here, 40);
  let reads = 0;
  const log = {
    read: async (path: string) => {
      reads += 1;
      const then = reads === 1 ? before.get(path) : undefined;
      if (path === 'checkpoint') return then ?? world.tiles.readCheckpoint();
      if (path === 'cosigned-checkpoint') return then ?? world.tiles.readCosigned();
      return world.tiles.read(path);
    },
  };
  const policy = parsePolicy(
    Buffer.from(`log ${formatVkey(LOG.logKeys[0]!)}\nwitness w ${witness.vkey}\nquorum w\n`),
  );
  const now = '2024-09-06T05:20:00.000Z' as Instant;
  t.strictSame((await auditQuorum({ log, policy, now })).findings, []);
});

t.test('the quorum is as old as the cosignature that it would lack without', (t) => {
  const signers = [1, 2, 3].map(cosignerOf);
  const text = `${ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`;
  const times = [1_000, 9_000, 8_000];
  const lines = signers.map((signer, at) =>
    formatSignatureLine({
      name: signer.verifier.name,
      keyId: signer.verifier.keyId,
      signature: cosign({ signer, checkpoint: text, time: times[at]! }),
    }),
  );
  const { signatures } = parseNote(Buffer.from(`${text}\n${lines.join('')}`));
  t.equal(
    cosignedSince(signatures, (found) => found.length >= 2),
    8_000,
    'whoever lags is not waited for',
  );
  t.equal(
    cosignedSince(signatures, (found) => found.length >= 3),
    1_000,
  );
  t.equal(
    cosignedSince(signatures, (found) => found.length >= 4),
    undefined,
    'too few',
  );
  t.end();
});

t.test('a cosigned checkpoint beyond what was signed last is a fork', async (t) => {
  const { world, witness, tiles } = await scene(t);
  witnessing(t, tiles, witness);
  await world.append(20);
  await world.seal({ tiles });
  await cosigned({ world, witness }, 20);
  const newer = (await tiles.readCosigned())!;
  const other = await World.begin();
  t.teardown(() => other.end());
  await other.append(10);
  await other.seal();
  await other.tiles.replaceCosigned(newer);
  t.match(await other.seal(), { kind: 'halted', halt: { reason: 'forked' } });
});

t.test('a log that was set back with all its files is halted by what a witness has seen of it', async (t) => {
  const { world, witness, tiles } = await scene(t);
  witnessing(t, tiles, witness);
  await world.append(20);
  await world.seal({ tiles });
  await cosigned({ world, witness }, 20);
  const troubles: string[] = [];
  const shown = () =>
    shownByWitnesses({
      witnesses: [httpWitness(witness)],
      origin: ORIGIN,
      signal: AbortSignal.timeout(SOON),
      onTrouble: (why) => troubles.push(why),
    });
  const another = async (count: number, text?: string): Promise<World> => {
    const other = await World.begin();
    t.teardown(() => other.end());
    await other.append(count, text);
    return other;
  };
  const older = await another(10);
  await older.seal();
  await older.append(1);
  t.match(await older.seal({ shown }), { kind: 'halted', halt: { reason: 'forked', detail: /size 20/ } });
  const longer = await another(30, 'rewritten');
  await longer.seal();
  t.match(await longer.seal({ shown }), { kind: 'halted', halt: { reason: 'forked' } });
  t.match(await (await another(5)).seal({ shown }), { kind: 'halted', halt: { reason: 'lock-lost' } });
  await world.append(5);
  t.match(
    await world.seal({ tiles, shown }),
    { kind: 'running', sealed: { size: 25 } },
    'the same log goes on',
  );
  const strange = { identity: { ...IDENTITY, signers: [signerOf(9)] as const } };
  const elsewhere = await another(3);
  t.match(
    await elsewhere.seal({ ...strange, shown }),
    { kind: 'running' },
    'what it did not sign halts no log',
  );
  t.strictSame(troubles, []);
  witness.behave('failing');
  t.match(await longer.seal({ shown }), { kind: 'running' }, 'a witness that is away holds up nothing');
  t.match(troubles, [/witness.example/]);
});

t.test('the embedded ledger takes no events where a witness has seen more of its log', async (t) => {
  const { world, witness, tiles } = await scene(t);
  witnessing(t, tiles, witness);
  await world.append(20);
  await world.seal({ tiles });
  await cosigned({ world, witness }, 20);
  const directory = directoryFor(t);
  const store = await openEmbeddedEventStore({ directory });
  mkdirSync(join(directory, 'keys/log'), { recursive: true });
  writeFileSync(join(directory, 'keys/log/0001.skey'), signerOf(1).skey);
  const { vkey, url } = witness;
  const sealing = await openEmbeddedSealing({
    ...{ directory, origin: ORIGIN, store, logger },
    now: () => new Date().toISOString() as Instant,
    witnesses: { witnesses: [{ vkey, url }], quorum: 1, strict: false },
  });
  t.match(sealing.status(), { kind: 'halted', halt: { reason: 'lock-lost' } });
  t.ok(sealing.intake.closed());
  await sealing.close();
  await store.close();
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
  const witnesses = { witnesses: [{ vkey, url }], quorum: 1, strict: false };
  const options = { directory, origin: ORIGIN, store, logger, now, witnesses };
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
  const other = formatVkey(cosignerOf(8).verifier);
  t.match(read(`${pair}, ${other}  http://127.0.0.1:1/x`), {
    configuration: {
      witnesses: {
        witnesses: [{ url: 'https://witness.example/w' }, { url: 'http://127.0.0.1:1/x' }],
        quorum: 2,
        strict: false,
      },
    },
  });
  t.match(read(''), { configuration: { witnesses: { witnesses: [] } } });
  for (const bad of [
    'x',
    `${pair},`,
    `${pair},${pair}`,
    `${witness.vkey} ftp://x`,
    `${formatVkey(LOG.logKeys[0]!)} https://x`,
  ])
    t.match(read(bad), { ok: false, faults: [/LEDGER_WITNESSES/] }, bad);
});

t.test('how many witnesses are enough is configured, and whether the log waits for them', async (t) => {
  const three = [1, 2, 3]
    .map((seed) => `${formatVkey(cosignerOf(seed).verifier)} https://w${seed}.example`)
    .join();
  const read = (settings: Record<string, string>) =>
    readConfiguration({ LEDGER_WITNESSES: three, ...settings });
  t.match(read({}), { configuration: { witnesses: { quorum: 2, strict: false } } }, 'more than half');
  t.match(read({ LEDGER_WITNESS_QUORUM: '3', LEDGER_WITNESS_STRICT: 'on' }), {
    configuration: { witnesses: { quorum: 3, strict: true } },
  });
  for (const bad of ['0', '4', '1.5', 'x'])
    t.match(read({ LEDGER_WITNESS_QUORUM: bad }), { ok: false, faults: [/LEDGER_WITNESS_QUORUM/] }, bad);
  t.match(read({ LEDGER_WITNESS_STRICT: 'yes' }), { ok: false, faults: [/LEDGER_WITNESS_STRICT/] });
  t.match(readConfiguration({ LEDGER_WITNESS_STRICT: 'on' }), {
    ok: false,
    faults: [/LEDGER_WITNESS_STRICT/],
  });
  t.match(readConfiguration({ LEDGER_WITNESS_QUORUM: '1' }), {
    ok: false,
    faults: [/LEDGER_WITNESS_QUORUM/],
  });
});
