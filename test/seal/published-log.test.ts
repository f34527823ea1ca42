import { createPublishedLog } from '@stamp-ledger/app';
import { entryText } from '@stamp-ledger/codec';
import { PortError } from '@stamp-ledger/ports';
import { parseTlogProof, verifyTlogProof } from '@stamp-ledger/transparency';
import t from 'tap';
import { leafOf } from '../transparency/naive.js';
import { IDENTITY, ORIGIN, World } from './world.js';

const here = await World.begin();
t.teardown(() => here.end());
const logKeys = [IDENTITY.signers[0].verifier];

t.test('proofs hold while the log grows past tiles that were read before', async (t) => {
  const log = createPublishedLog({ store: here.store, tiles: here.tiles, quorum: 1 });
  for (const step of [1, 254, 2, 400]) {
    await here.append(step);
    const [unsealed] = (await here.store.readAll({ limit: 5_000 })).slice(-1);
    t.strictSame(await log.prove([unsealed!]), [undefined], 'not published yet');
    await here.seal();
    const events = await here.store.readAll({ limit: 5_000 });
    const proofs = await log.prove(events);
    events.forEach((event, index) => {
      const { leafIndex, file } = proofs[index]!;
      const leaf = leafOf(Buffer.from(entryText(event)));
      t.equal(leafIndex, index);
      t.ok(verifyTlogProof(parseTlogProof(Buffer.from(file)), { origin: ORIGIN, logKeys, leaf }));
    });
  }
});

t.test('a tile that could not be read is read again for the next proof', async (t) => {
  const { tiles } = here;
  let isAway = true;
  const read = async (path: string): Promise<Buffer | undefined> => {
    if (isAway) throw new PortError('unavailable', 'the disk is away');
    return tiles.read(path);
  };
  const log = createPublishedLog({ store: here.store, tiles: { ...tiles, read }, quorum: 1 });
  const [event] = await here.store.readAll({ limit: 1 });
  await t.rejects(log.prove([event!]), { message: 'the disk is away' });
  isAway = false;
  t.match(await log.prove([event!]), [{ leafIndex: 0 }]);
});
