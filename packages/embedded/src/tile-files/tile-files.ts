import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LIMITS, type LogFile, PortError, type TileStore } from '@stamp-ledger/ports';
import {
  createFile,
  makeDirectories,
  readIfThere,
  replaceFile,
  syncName,
  toFileError,
} from './durable-files.js';

const CHECKPOINT = 'checkpoint';
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
      guarded('publishing the checkpoint', async () => {
        await makeDirectories(directory);
        await replaceFile(join(directory, CHECKPOINT), bytes);
      }),
  };
}

const KNOWN_DIRECTORIES_MAX = 10_000;

async function writeAll(root: string, files: readonly LogFile[], known: Set<string>): Promise<void> {
  const changed = new Set<string>();
  await eachOf(files, async ({ path, bytes }) => {
    const place = placeOf(root, path);
    const directory = dirname(place);
    if (!known.has(directory)) {
      await makeDirectories(directory);
      if (known.size >= KNOWN_DIRECTORIES_MAX) known.clear();
      known.add(directory);
    }
    changed.add(directory);
    if (await createFile(place, bytes)) return;
    const existing = await readIfThere(place);
    if (existing?.equals(bytes) !== true)
      throw new PortError('corrupt', `${path} is there already, with other bytes`);
  });
  await eachOf([...changed], syncName);
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
