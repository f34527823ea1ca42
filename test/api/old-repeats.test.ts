import { randomUUID } from 'node:crypto';
import { type EncodedEvent, stampStream } from '@stamp-ledger/codec';
import type { Serial } from '@stamp-ledger/domain';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import t from 'tap';
import type { Caller } from '../support/http.js';
import { directoryFor, during } from '../support/server.js';
import { fresh, mintStamps } from './world.js';

const verifications = (call: Caller, lines: readonly string[], key: string) =>
  call('/v1/verifications/bulk', {
    raw: lines.join('\n'),
    key,
    headers: { 'content-type': 'application/x-ndjson' },
  });

/** Verifies the stamp so many times more, each by a command of its own, as the log would have it. */
async function verifyOften(directory: string, serial: Serial, count: number): Promise<void> {
  const store = await openEmbeddedEventStore({ directory });
  const stream = stampStream(serial);
  const last = (await store.readStream({ stream, limit: 10 })).events.at(-1);
  if (last?.type !== 'StampVerified') throw new Error('the stamp was not verified');
  const { type, data, metadata, revision } = last;
  const { commandId } = JSON.parse(metadata) as { commandId: string };
  const again = (): EncodedEvent => ({
    id: randomUUID() as EncodedEvent['id'],
    type,
    data,
    metadata: metadata.replaceAll(commandId, randomUUID()),
  });
  const events = [again(), ...Array.from({ length: count - 1 }, again)] as const;
  const [result] = await store.append([{ stream, expected: revision, events }]);
  if (result?.kind !== 'appended') throw new Error('the verifications were not taken');
  await store.close();
}

t.test('what was recorded long ago is found again, and not recorded once more', async (t) => {
  const directory = directoryFor(t);
  const key = fresh();
  const { serial, lines, text } = await during(directory, async ({ call }) => {
    const [serial = ''] = await mintStamps(call, 1);
    const line = JSON.stringify({ serial });
    const lines = [line, line];
    return { serial: serial as Serial, lines, text: (await verifications(call, lines, key)).text };
  });
  // Enough that the first ones are no longer among the latest, and that what is known of the older ones has to grow.
  await verifyOften(directory, serial, LIMITS.rememberedCommands + 600);
  await during(directory, async ({ call }, { ledger }) => {
    const before = await ledger.audit.head();
    t.equal((await verifications(call, lines, key)).text, text, 'the same answers');
    t.equal(await ledger.audit.head(), before, 'nothing new');
    const spaced = (await verifications(call, [`${lines[0]} `], key)).text;
    t.equal(spaced, `${text.split('\n')[0]}\n`, 'a check is what it asks, not how it is written');
    t.equal(await ledger.audit.head(), before, 'and is recorded once');
    // One more that is new to a process that knows the stream.
    await verifications(call, lines, fresh());
    t.equal((await verifications(call, lines, key)).text, text, 'the same later');
  });
});
