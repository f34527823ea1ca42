import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { continuationEntry, haltOf, type MissingEvents, recover, verifiersOf } from '@stamp-ledger/app';
import {
  CHECKPOINT_LOCK_FILE,
  lockDirectory,
  openCheckpointLock,
  openTileFiles,
} from '@stamp-ledger/embedded';
import type { TileStore } from '@stamp-ledger/ports';
import { formatVkey, openCheckpoint, parseCheckpoint, parseNote } from '@stamp-ledger/transparency';
import { type Configuration, type Environment, readConfiguration } from '../configuration.js';
import { ConfigurationError } from '../configuration-error.js';
import { openConfiguredEventStore } from '../open-store.js';
import { readOrCreateSecret } from '../secret-file.js';
import { askWitnesses } from './cosigning.js';
import { CONTINUATION, logIdentity, makeLogKey, readLogKeys } from './log-keys.js';
import { type SealingPlaces, sealingPlaces } from './places.js';
import { STATUS_FILE } from './status-file.js';

/** What an operator asked for cannot be done to this log. */
export class LogFault extends Error {
  override readonly name = 'LogFault';
}

/** The tree that a log goes on from. */
export interface AdoptedTree {
  readonly size: number;
  /** Base64, as in a checkpoint: to be compared with what others hold before the ledger is opened again. */
  readonly root: string;
  /** Sealed events that the event store lacks; the next start puts them back. */
  readonly missing?: MissingEvents;
}

/**
 * For a lock store that was lost: makes the largest of the published checkpoint and the copies that others hold, the
 * configured witnesses among them, the one that was signed last, after comparing it with the events. The ledger must not run. Rejects with a {@link LogFault}.
 */
export async function adoptCheckpoint(
  environment: Environment,
  copies: readonly Uint8Array[],
): Promise<AdoptedTree> {
  const configuration = configurationOf(environment);
  const { dataDirectory, origin } = configuration;
  const places = sealingPlaces(dataDirectory);
  const opened = await openConfiguredEventStore(environment, { mustExist: true });
  try {
    return await alone(places, async () => {
      const tiles = openTileFiles({ directory: places.tiles });
      const lock = await openCheckpointLock({ directory: places.lock });
      try {
        if ((await lock.read()) !== undefined)
          throw new LogFault('the lock store holds a signed checkpoint: nothing is lost');
        const witnessed = await askWitnesses(configuration)();
        if (copies.length + witnessed.length === 0 && (await largestShown(tiles)) === undefined)
          throw new LogFault('no checkpoint is published, and none was given');
        const identity = await logIdentity({ directory: places.keys, origin, logExists: true });
        const missing = await missingAfter(() =>
          recover({
            ...{ store: opened.store, tiles, lock, identity, adopt: copies },
            shown: () => Promise.resolve(witnessed),
          }),
        );
        const signed = await lock.read();
        if (signed === undefined) throw new LogFault('no checkpoint was adopted');
        const { size, root } = openCheckpoint(signed, { origin, logKeys: verifiersOf(identity) });
        return { size, root: root.toString('base64'), ...(missing && { missing }) };
      } finally {
        lock.close();
      }
    });
  } finally {
    await opened.close();
  }
}

/** The events that a recovery finds missing. Every other halt is a fault that an operator reads. */
async function missingAfter(recovering: () => Promise<unknown>): Promise<MissingEvents | undefined> {
  try {
    await recovering();
    return undefined;
  } catch (error) {
    const halt = haltOf(error);
    if (halt === undefined) throw error;
    if (halt.missing !== undefined) return halt.missing;
    throw new LogFault(`${halt.reason}: ${halt.detail}`);
  }
}

/** A log that was closed, and the one that takes its place. */
export interface SucceededLog {
  readonly closed: { readonly origin: string; readonly size: number; readonly directory: string };
  readonly origin: string;
  readonly vkey: string;
}

/**
 * For a log whose signed checkpoint contradicts the events for good: closes it and prepares the one named by
 * LEDGER_ORIGIN, with a key of its own, whose entry 0 holds the closed log to its last checkpoint. The closed log's files
 * are moved beside, never changed. The ledger must not run. Cut short, it goes on when it is called again. Rejects with a
 * {@link LogFault}.
 */
export async function succeedLog(environment: Environment, reason: string): Promise<SucceededLog> {
  const { dataDirectory, origin } = configurationOf(environment);
  const places = sealingPlaces(dataDirectory);
  const opened = await openConfiguredEventStore(environment, { mustExist: true });
  try {
    return await alone(places, async () => {
      const next = `${places.keys}.next`;
      if (!existsSync(join(next, CONTINUATION))) await prepare(places, { next, origin, reason });
      return await replaceLog(places, next);
    });
  } finally {
    await opened.close();
  }
}

/** Makes the keys of the new log and its entry 0, which comes last: with it everything is ready to be moved. */
async function prepare(
  places: SealingPlaces,
  { next, origin, reason }: { readonly next: string; readonly origin: string; readonly reason: string },
): Promise<void> {
  const keys = verifiersOf(await readLogKeys(places.keys));
  const checkpoint = await lastCheckpoint(places);
  const before = parseCheckpoint(parseNote(checkpoint).text).origin;
  if (before === origin) throw new LogFault('LEDGER_ORIGIN must be the name of the new log');
  await rm(next, { recursive: true, force: true });
  await makeLogKey(next, origin);
  const entry = continuationEntry({
    checkpoint: checkpoint.toString(),
    vkeys: keys.map(formatVkey),
    reason,
  });
  await readOrCreateSecret(join(next, CONTINUATION), () => entry.toString());
}

/** The larger of the checkpoint that is published and the one that witnesses have cosigned: either file may be lost. */
async function largestShown(
  tiles: Pick<TileStore, 'readCheckpoint' | 'readCosigned'>,
): Promise<Buffer | undefined> {
  const shown = [await tiles.readCheckpoint(), await tiles.readCosigned()];
  const sizeOf = (note: Buffer): number => parseCheckpoint(parseNote(note).text).size;
  const [largest] = shown
    .filter((note) => note !== undefined)
    .sort((one, other) => sizeOf(other) - sizeOf(one));
  return largest;
}

async function lastCheckpoint({ lock, tiles }: SealingPlaces): Promise<Buffer> {
  const signed = await openCheckpointLock({ directory: lock });
  try {
    const checkpoint = (await signed.read()) ?? (await largestShown(openTileFiles({ directory: tiles })));
    if (checkpoint === undefined) throw new LogFault('there is no log to close');
    return checkpoint;
  } finally {
    signed.close();
  }
}

async function replaceLog(places: SealingPlaces, next: string): Promise<SucceededLog> {
  const entry = await readFile(join(next, CONTINUATION));
  const name = createHash('sha256').update(entry).digest('hex').slice(0, 16);
  const { predecessor } = JSON.parse(entry.toString()) as { predecessor: { checkpoint: string } };
  const closed = parseCheckpoint(parseNote(Buffer.from(predecessor.checkpoint)).text);
  // Each in its own place, which may be a volume of its own.
  const directory = join(places.tiles, 'closed', name);
  for (const file of ['tile', 'vkeys', 'cosigned-checkpoint', 'checkpoint'])
    await moveInto(directory, places.tiles, file);
  await moveInto(join(places.lock, 'closed', name), places.lock, CHECKPOINT_LOCK_FILE);
  await rm(join(places.lock, STATUS_FILE), { force: true });
  if (!existsSync(`${places.keys}.closed-${name}`))
    await rename(places.keys, `${places.keys}.closed-${name}`);
  await rename(next, places.keys);
  const [signer] = (await readLogKeys(places.keys)).signers;
  if (signer === undefined) throw new LogFault('the new log has no key');
  const { verifier } = signer;
  return {
    closed: { origin: closed.origin, size: closed.size, directory },
    origin: verifier.name,
    vkey: formatVkey(verifier),
  };
}

async function moveInto(to: string, from: string, name: string): Promise<void> {
  if (!existsSync(join(from, name))) return;
  await mkdir(to, { recursive: true, mode: 0o755 });
  await rename(join(from, name), join(to, name));
}

/** While no sealer has the log. */
async function alone<Result>({ lock }: SealingPlaces, work: () => Promise<Result>): Promise<Result> {
  await mkdir(lock, { recursive: true, mode: 0o700 });
  const own = lockDirectory(lock);
  try {
    return await work();
  } finally {
    own.release();
  }
}

function configurationOf(environment: Environment): Configuration {
  const read = readConfiguration(environment);
  if (!read.ok) throw new ConfigurationError(read.faults.join('\n'));
  return read.configuration;
}
