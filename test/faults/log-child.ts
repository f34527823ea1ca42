/**
 * Appends to an embedded log and writes a line for every acknowledgement, until it is killed or has done enough.
 * `node log-child.js <directory> <run> <appenders> <appends each, 0 for ever>`
 */
import { writeSync } from 'node:fs';
import type { EncodedEvent, StreamName } from '@stamp-ledger/codec';
import { type EmbeddedEventStore, openEmbeddedEventStore } from '@stamp-ledger/embedded';
import type { ExpectedRevision } from '@stamp-ledger/ports';

/** Events of one append: all of them must be there, or none. */
export const EVENTS_OF_APPEND = 3;
export const EXIT = { refused: 3, fatal: 70 } as const;

/** What one appender writes to its stream: every event tells where it belongs. */
export const eventAt = (stream: string, revision: number): EncodedEvent => ({
  id: `${stream}@${revision}` as EncodedEvent['id'],
  type: 'StampMinted',
  data: JSON.stringify({ revision, filler: 'x'.repeat((revision * 37) % 500), stream }),
  metadata: '{}',
});

const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

async function appendFor(store: EmbeddedEventStore, stream: string, appends: number): Promise<void> {
  for (let append = 0; appends === 0 || append < appends; append++) {
    const revision = append * EVENTS_OF_APPEND;
    const expected: ExpectedRevision = revision === 0 ? 'no-stream' : revision - 1;
    const [result] = await store.append([
      {
        stream: stream as StreamName,
        expected,
        events: [eventAt(stream, revision), eventAt(stream, revision + 1), eventAt(stream, revision + 2)],
      },
    ]);
    if (result?.kind !== 'appended') throw new Error(`unexpected answer ${JSON.stringify(result)}`);
    say(`ack ${stream} ${result.revision} ${result.position}`);
  }
}

async function main(directory: string, run: string, appenders: number, appends: number): Promise<void> {
  const store = await openEmbeddedEventStore({
    directory,
    onFatal(error) {
      say(`fatal ${error.message}`);
      process.exit(EXIT.fatal);
    },
  }).catch((error: Error) => {
    say(`refused ${error.message}`);
    process.exit(EXIT.refused);
  });
  say('ready');
  await Promise.all(
    Array.from({ length: appenders }, (_, index) => appendFor(store, `stamp-${run}-${index}`, appends)),
  );
  await store.close();
  say('done');
}

const [, script, directory, run, appenders, appends] = process.argv;
if (script?.endsWith('log-child.js') && directory !== undefined && run !== undefined)
  await main(directory, run, Number(appenders), Number(appends));
