import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LIMITS, type LogFile, PortError, type TileStore } from '@stamp-ledger/ports';
import {
  type Draft,
  draftFile,
  makeDirectories,
  readIfThere,
  replaceFile,
  syncName,
  toFileError,
} from './durable-files.js';

const CHECKPOINT = 'checkpoint';
const VKEYS = 'vkeys';
/** The only shape of path that is ever joined to the directory. */
const TILE_PATH = /^tile\/(?:entries|[0-9]{1,2})\/(?:x[0-9]{3}\/)*[0-9]{3}(?:\.p\/[0-9]{1,3})?$/;

/** The published log in a directory, laid out as it is served: any static file server may serve it too. */
export function openTileFiles({ directory }: { readonly directory: string }): TileStore {
  /** Directories known to be there, so that most files cost no look. Only the latest: it is forgotten at a size. */
  const known = new Set<string>();
  return {
    write: (files) => guarded('writing the log', () => writeAll(directory, files, known)),
    read: (path) => guarded('reading the log', () => readIfThere(placeOf(directory, path))),
    discardPartials: (fullPath) =>
      guarded('removing partial tiles', async () => {
        const partials = `${placeOf(directory, fullPath)}.p`;
        known.delete(partials);
        await rm(partials, { recursive: true, force: true });
      }),
    readCheckpoint: () => guarded('reading the checkpoint', () => readIfThere(join(directory, CHECKPOINT))),
    replaceCheckpoint: (bytes) =>
      guarded('publishing the checkpoint', () => replaceIn(directory, CHECKPOINT, bytes)),
    readVkeys: () => guarded('reading the public keys', () => readIfThere(join(directory, VKEYS))),
    replaceVkeys: (bytes) => guarded('publishing the public keys', () => replaceIn(directory, VKEYS, bytes)),
  };
}

async function replaceIn(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  await makeDirectories(directory);
  await replaceFile(join(directory, name), bytes);
}

const KNOWN_DIRECTORIES_MAX = 10_000;

async function writeAll(root: string, files: readonly LogFile[], known: Set<string>): Promise<void> {
  for (let from = 0; from < files.length; from += LIMITS.tileFilesAtOnce)
    await writeSome(root, files.slice(from, from + LIMITS.tileFilesAtOnce), known);
}

async function writeSome(root: string, files: readonly LogFile[], known: Set<string>): Promise<void> {
  const drafts: { readonly place: string; readonly file: LogFile; readonly draft: Draft }[] = [];
  try {
    await eachOf(files, async (file) => {
      const place = placeOf(root, file.path);
      await ensureDirectory(dirname(place), known);
      drafts.push({ place, file, draft: await draftFile(place, file.bytes) });
    });
    await eachOf(drafts, ({ draft }) => draft.sync());
    await eachOf(drafts, async ({ place, file, draft }) => {
      if (await draft.name()) return;
      const existing = await readIfThere(place);
      if (existing?.equals(file.bytes) !== true)
        throw new PortError('corrupt', `${file.path} is there already, with other bytes`);
    });
    await eachOf([...new Set(drafts.map(({ place }) => dirname(place)))], syncName);
  } catch (error) {
    await Promise.allSettled(drafts.map(({ draft }) => draft.discard()));
    throw error;
  }
}

async function ensureDirectory(directory: string, known: Set<string>): Promise<void> {
  if (known.has(directory)) return;
  await makeDirectories(directory);
  if (known.size >= KNOWN_DIRECTORIES_MAX) known.clear();
  known.add(directory);
}

/** Does the work for each item, some at a time. Rejects with the first failure when those begun have ended. */
async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (;;) {
      const item = items[next++];
      if (item === undefined || failures.length > 0) return;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(LIMITS.tileWrites, items.length) }, lane));
  // Of several failures the one that forbids trying again counts.
  const worst =
    failures.find((error) => error instanceof PortError && error.kind === 'corrupt') ?? failures[0];
  if (worst !== undefined) throw worst;
}

function placeOf(directory: string, path: string): string {
  if (!TILE_PATH.test(path)) throw new Error('this is the path of no tile');
  return join(directory, path);
}

async function guarded<Result>(doing: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && !('code' in error) && !(error instanceof PortError)) throw error;
    throw toFileError(error, doing);
  }
}
