import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StreamName } from '@stamp-ledger/codec';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import type { AppendResult, EventStore, StreamAppend } from '@stamp-ledger/ports';
import { appendsOf, type Lives, SERIAL_KEY } from './lives.js';

const EVENTS_AT_ONCE = 5_000;
/** The embedded log takes calls in their order: the next is encoded while the ones before are written. */
const EMBEDDED_CALLS_AT_ONCE = 4;

/** Writes a log of such lives into an empty directory, past the API and its jobs: minutes become seconds. */
export async function seedLog(directory: string, lives: Lives): Promise<void> {
  writeSerialKey(directory);
  const store = await openEmbeddedEventStore({ directory });
  try {
    await appendAll(store, appendsOf(lives), EMBEDDED_CALLS_AT_ONCE);
  } finally {
    await store.close();
  }
}

/** Without the key of its serials a ledger refuses to start on a log that has events. */
export function writeSerialKey(directory: string): void {
  mkdirSync(join(directory, 'keys'), { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, 'keys', 'serial.key'), SERIAL_KEY.toString('hex'), { mode: 0o600 });
}

/** Appends in order; throws when anything is there already. */
export async function appendAll(
  store: Pick<EventStore, 'append'>,
  appends: Iterable<StreamAppend>,
  callsAtOnce: number,
): Promise<void> {
  const running: Promise<void>[] = [];
  let page = new Map<StreamName, StreamAppend>();
  const flush = async (): Promise<void> => {
    if (running.length >= callsAtOnce) await running.shift();
    running.push(store.append([...page.values()]).then(expectAppended));
    page = new Map();
  };
  for (const append of appends) {
    // The streams of one call are written in any order: each may be in it once.
    if (page.size === EVENTS_AT_ONCE || page.has(append.stream)) await flush();
    page.set(append.stream, append);
  }
  if (page.size > 0) await flush();
  await Promise.all(running);
}

function expectAppended(results: readonly AppendResult[]): void {
  if (results.some(({ kind }) => kind !== 'appended')) throw new Error('the log was not empty');
}
