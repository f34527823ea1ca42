import { join } from 'node:path';
import { createPublishedLog } from '@stamp-ledger/app';
import { LOG_KEYS_STREAM } from '@stamp-ledger/codec';
import { openTileFiles } from '@stamp-ledger/embedded';
import { formatVkey, makeSigner, type SignerKey, signNote } from '@stamp-ledger/transparency';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.js';
import { begin, scene } from './scene.js';

const ORIGIN = 'ledger.example/log';
const BODY = `${ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`;
const signer = (seed: number): SignerKey => makeSigner({ name: ORIGIN, seed: Buffer.alloc(32, seed) });
const [A, B, C] = [signer(1), signer(2), signer(3)];
const names = new Map([A, B, C].map(({ verifier }, index) => [formatVkey(verifier), 'ABC'[index]]));
const lines = (keys: readonly SignerKey[]): Buffer =>
  Buffer.from(keys.map(({ verifier }) => `${formatVkey(verifier)}\n`).join(''));

/** A ledger whose jobs look at a published log that the test writes. */
async function published(t: Test) {
  const { directory, remove } = await scene();
  const tiles = openTileFiles({ directory: join(directory, 'log') });
  let looks = 0;
  const life = await begin(directory, {
    longestSleep: 5,
    log: (store) => {
      const log = createPublishedLog({ tiles, store });
      return {
        ...log,
        checkpoint: () => {
          looks += 1;
          return log.checkpoint();
        },
      };
    },
  });
  t.teardown(async () => {
    await life.end();
    await remove();
  });
  /** Until a look that began after this call has ended: by then one of two workers has begun its third. */
  const looked = async (): Promise<void> => {
    const enough = looks + 6;
    await eventually(async () => looks >= enough, { what: 'more looks', milliseconds: 20_000 });
  };
  return {
    life,
    /** What is recorded when the jobs have looked at this. A sealer writes the keys first. */
    after: async (vkeys: Buffer, checkpoint: Buffer): Promise<readonly string[]> => {
      await tiles.replaceVkeys(vkeys);
      await looked();
      await tiles.replaceCheckpoint(checkpoint);
      await looked();
      const { events } = await life.store.readStream({ stream: LOG_KEYS_STREAM, from: 0, limit: 100 });
      return events.map(({ type, data }) => `${type} ${names.get(JSON.parse(data).vkey)}`);
    },
  };
}

const signed = (...signers: readonly SignerKey[]): Buffer => signNote(BODY, signers);

t.test('what cannot be read as a published log is looked at again later', async (t) => {
  const { after } = await published(t);
  const good = signed(B, A);
  const otherText = Buffer.from(good.toString().replace('\n0\n', '\n1\n'));
  for (const [vkeys, checkpoint, why] of [
    [lines([B, A]), Buffer.alloc(0), 'an empty checkpoint'],
    [lines([B, A]), good.subarray(0, -5), 'half a checkpoint'],
    [lines([B, A]), otherText, 'a checkpoint that nobody signed'],
    [Buffer.alloc(0), good, 'no keys'],
    [Buffer.from('key\n'), good, 'damaged keys'],
  ] as const)
    t.strictSame(await after(vkeys, checkpoint), [], why);
  t.strictSame(await after(lines([B, A]), good), ['LogKeyAdded A', 'LogKeyAdded B'], 'then it is whole');
});

t.test('what signs the newest checkpoint is what counts', async (t) => {
  const { after } = await published(t);
  t.strictSame(await after(lines([A]), signed(A)), [], 'the only key needs no event');
  t.strictSame(await after(lines([C, B, A]), signed(A)), [], 'two rotations before a key has signed');
  const both = ['LogKeyAdded A', 'LogKeyAdded B'];
  t.strictSame(await after(lines([A]), signed(B, A)), [], 'a signer that is not listed is left for later');
  t.strictSame(await after(lines([B, A]), signed(B, A)), both);
  const without = [...both, 'LogKeyRetired B'];
  t.strictSame(await after(lines([A, B]), signed(A)), without, 'the newer key is retired, the first goes on');
  t.strictSame(await after(lines([B, A]), signed(B, A)), [...without, 'LogKeyAdded B'], 'and may come back');
  const more = [...without, 'LogKeyAdded B', 'LogKeyAdded C', 'LogKeyRetired A'];
  t.strictSame(await after(lines([C, B, A]), signed(C, B)), more);
  t.strictSame(await after(lines([C]), signed(C, B)), more, 'who signs is not retired for not being listed');
});

t.test('two processes that look at the same time record each change once', async (t) => {
  const { life, after } = await published(t);
  const other = life.workToo();
  const said: string[] = [];
  for (let round = 0; round < 10; round++) {
    said.push(...(round === 0 ? ['LogKeyAdded A'] : []), 'LogKeyAdded B');
    t.strictSame(await after(lines([B, A]), signed(B, A)), said);
    said.push('LogKeyRetired B');
    t.strictSame(await after(lines([A, B]), signed(A)), said);
  }
  await other.end();
});
