import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { CheckpointLock, LogFile, TileStore } from '@stamp-ledger/ports';
import { type ContractCase, contractCases, rejectsAsMistake, rejectsWith } from './contract.js';

/** A tile store and a lock with the means to restart them. */
export interface SealedFilesUnderTest {
  readonly tiles: TileStore;
  readonly lock: CheckpointLock;
  /** Others on the same data, as a second process would open them. */
  reopen(): Promise<{ readonly tiles: TileStore; readonly lock: CheckpointLock }>;
  destroy(): Promise<void>;
}

const bytesOf = (text: string, length = 8_192): Buffer =>
  Buffer.alloc(length, createHash('sha256').update(text).digest());

const file = (path: string, text = path): LogFile => ({ path, bytes: bytesOf(text) });

const CASES: readonly { readonly name: string; run(underTest: SealedFilesUnderTest): Promise<void> }[] = [
  {
    name: 'what was written is read, also by others; what was not is not there',
    async run({ tiles, reopen }) {
      const files = [
        file('tile/0/000.p/1'),
        file('tile/0/000'),
        file('tile/63/x001/x234/067.p/255'),
        file('tile/entries/x001/000'),
        ...Array.from({ length: 100 }, (_, at) => file(`tile/entries/x002/${String(at).padStart(3, '0')}`)),
      ];
      await tiles.write(files);
      const others = await reopen();
      for (const { path, bytes } of files) {
        assert.deepEqual(await tiles.read(path), bytes);
        assert.deepEqual(await others.tiles.read(path), bytes);
      }
      for (const path of ['tile/0/001', 'tile/0/000.p/2', 'tile/1/000', 'tile/entries/x009/000'])
        assert.equal(await tiles.read(path), undefined);
    },
  },
  {
    name: 'a file never changes',
    async run({ tiles, reopen }) {
      const { tiles: others } = await reopen();
      await tiles.write([file('tile/0/000'), file('tile/0/001')]);
      await tiles.write([file('tile/0/000')]);
      await others.write([file('tile/0/000')]);
      for (const store of [tiles, others]) {
        await rejectsWith('corrupt', store.write([file('tile/0/001', 'other')]));
        await rejectsWith('corrupt', store.write([{ path: 'tile/0/000', bytes: bytesOf('tile/0/000', 32) }]));
        await rejectsWith('corrupt', store.write([file('tile/0/002'), file('tile/0/001', 'other')]));
      }
      for (const path of ['tile/0/000', 'tile/0/001'])
        assert.deepEqual(await tiles.read(path), bytesOf(path));
    },
  },
  {
    name: 'of two that write one file at once, one wins and is not told apart when they agree',
    async run({ tiles, reopen }) {
      const { tiles: others } = await reopen();
      await Promise.all([tiles, others].map((store) => store.write([file('tile/1/000')])));
      const results = await Promise.allSettled([
        tiles.write([file('tile/1/001', 'one')]),
        others.write([file('tile/1/001', 'other')]),
      ]);
      assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      const winner = results[0]?.status === 'fulfilled' ? 'one' : 'other';
      assert.deepEqual(await tiles.read('tile/1/001'), bytesOf(winner));
    },
  },
  {
    name: 'partial forms of a full tile are discarded, and nothing else',
    async run({ tiles }) {
      await tiles.write([
        file('tile/0/000.p/1'),
        file('tile/0/000.p/255'),
        file('tile/0/000'),
        file('tile/0/001.p/1'),
      ]);
      await tiles.discardPartials('tile/0/000');
      await tiles.discardPartials('tile/0/000');
      await tiles.discardPartials('tile/5/005');
      assert.equal(await tiles.read('tile/0/000.p/1'), undefined);
      assert.equal(await tiles.read('tile/0/000.p/255'), undefined);
      assert.deepEqual(await tiles.read('tile/0/000'), bytesOf('tile/0/000'));
      assert.deepEqual(await tiles.read('tile/0/001.p/1'), bytesOf('tile/0/001.p/1'));
      await tiles.write([file('tile/0/000.p/1')]);
      assert.deepEqual(await tiles.read('tile/0/000.p/1'), bytesOf('tile/0/000.p/1'));
    },
  },
  {
    name: 'the public keys are replaced, apart from the checkpoint',
    async run({ tiles, reopen }) {
      assert.equal(await tiles.readVkeys(), undefined);
      await tiles.replaceVkeys(bytesOf('one', 80));
      await tiles.replaceVkeys(bytesOf('two', 160));
      assert.deepEqual(await (await reopen()).tiles.readVkeys(), bytesOf('two', 160));
      assert.equal(await tiles.readCheckpoint(), undefined);
    },
  },
  {
    name: 'the cosigned checkpoint is replaced, apart from the newest',
    async run({ tiles, reopen }) {
      assert.equal(await tiles.readCosigned(), undefined);
      await tiles.replaceCosigned(bytesOf('one', 80));
      await tiles.replaceCosigned(bytesOf('two', 160));
      assert.deepEqual(await (await reopen()).tiles.readCosigned(), bytesOf('two', 160));
      assert.equal(await tiles.readCheckpoint(), undefined);
    },
  },
  {
    name: 'the checkpoint is replaced whole',
    async run({ tiles, reopen }) {
      assert.equal(await tiles.readCheckpoint(), undefined);
      const { tiles: others } = await reopen();
      const texts = Array.from({ length: 20 }, (_, at) => bytesOf(`checkpoint ${at}`, 300 + at));
      let done = false;
      const watching = (async () => {
        while (!done) {
          const seen = await others.readCheckpoint();
          assert.ok(seen === undefined || texts.some((text) => text.equals(seen)), 'a checkpoint in between');
        }
      })();
      for (const text of texts) {
        await tiles.replaceCheckpoint(text);
        assert.deepEqual(await others.readCheckpoint(), text);
      }
      done = true;
      await watching;
    },
  },
  {
    name: 'no path leads out of the log',
    async run({ tiles }) {
      for (const path of [
        '',
        'checkpoint',
        '../tile/0/000',
        'tile/0/../../x',
        '/tile/0/000',
        'tile/0/000/',
        'tile/0/0 0',
      ])
        await rejectsAsMistake(tiles.read(path));
    },
  },
  {
    name: 'the lock replaces exactly what it holds',
    async run({ lock, reopen }) {
      const [one, two, three] = [bytesOf('one', 90), bytesOf('two', 91), bytesOf('three', 92)];
      assert.equal(await lock.read(), undefined);
      assert.equal(await lock.replace({ from: one, to: two }), false);
      assert.equal(await lock.replace({ from: undefined, to: one }), true);
      assert.equal(await lock.replace({ from: undefined, to: one }), true, 'it holds that already');
      assert.equal(await lock.replace({ from: undefined, to: two }), false);
      const others = await reopen();
      assert.deepEqual(await others.lock.read(), one);
      assert.equal(await others.lock.replace({ from: one, to: two }), true);
      assert.equal(await lock.replace({ from: one, to: three }), false, 'another was faster');
      assert.deepEqual(await lock.read(), two);
    },
  },
  {
    name: 'of many that replace the same, one does',
    async run({ lock, reopen }) {
      const others = await reopen();
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          (at % 2 === 0 ? lock : others.lock).replace({ from: undefined, to: bytesOf(`try ${at}`, 80) }),
        ),
      );
      assert.equal(results.filter(Boolean).length, 1);
      assert.deepEqual(await lock.read(), bytesOf(`try ${results.indexOf(true)}`, 80));
    },
  },
];

/** What every {@link TileStore} and {@link CheckpointLock} must do. Run each case; one that rejects is a breach. */
export function sealedFilesContract({
  name,
  open,
}: {
  readonly name: string;
  readonly open: () => Promise<SealedFilesUnderTest>;
}): readonly ContractCase[] {
  return contractCases({ name, cases: CASES, open, run: (each, underTest) => each.run(underTest) });
}
