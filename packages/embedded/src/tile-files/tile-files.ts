import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
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
const COSIGNED = 'cosigned-checkpoint';
const VKEYS = 'vkeys';
/** The only shape of path that is ever joined to the directory. */
const TILE_PATH = /^tile\/(?:entries|[0-9]{1,2})\/(?:x[0-9]{3}\/)*[0-9]{3}(?:\.p\/[0-9]{1,3})?$/;

/** The published log in a directory, laid out as it is served: any static file server may serve it too. */
export function openTileFiles(place: { readonly directory: string }): TileStore {
  const directory = resolve(place.directory);
  /** Directories known to be there durably, so that most files cost no look. Only the latest: it is forgotten at a size. */
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
      guarded('publishing the checkpoint', () => replaceIn(directory, CHECKPOINT, { bytes, known })),
    readCosigned: () =>
      guarded('reading the cosigned checkpoint', () => readIfThere(join(directory, COSIGNED))),
    replaceCosigned: (bytes) =>
      guarded('publishing the cosigned checkpoint', () => replaceIn(directory, COSIGNED, { bytes, known })),
    readVkeys: () => guarded('reading the public keys', () => readIfThere(join(directory, VKEYS))),
    replaceVkeys: (bytes) =>
      guarded('publishing the public keys', () => replaceIn(directory, VKEYS, { bytes, known })),
  };
}

async function replaceIn(
  directory: string,
  name: string,
  { bytes, known }: { readonly bytes: Uint8Array; readonly known: Set<string> },
): Promise<void> {
  await ensureDirectory(directory, directory, known);
  await replaceFile(join(directory, name), bytes);
}

const KNOWN_DIRECTORIES_MAX = 10_000;

async function writeAll(root: string, files: readonly LogFile[], known: Set<string>): Promise<void> {
  for (let from = 0; from < files.length; from += LIMITS.tileFilesAtOnce)
    await writeSome(root, files.slice(from, from + LIMITS.tileFilesAtOnce), known);
}

async function writeSome(root: string, files: readonly LogFile[], known: Set<string>): Promise<void> {
  const drafts: { readonly place: string; readonly file: LogFile; readonly draft: Draft }[] = [];
  // One after another: side by side each would make the same names durable again.
  for (const directory of new Set(files.map(({ path }) => dirname(placeOf(root, path)))))
    await ensureDirectory(root, directory, known);
  try {
    await eachOf(files, async (file) => {
      const place = placeOf(root, file.path);
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

async function ensureDirectory(root: string, directory: string, known: Set<string>): Promise<void> {
  const unknown: string[] = [];
  for (let at = directory; !known.has(at); at = dirname(at)) {
    unknown.push(at);
    if (at === root) break;
  }
  const top = unknown.at(-1);
  if (top === undefined) return;
  await makeDirectories(directory, top);
  if (known.size >= KNOWN_DIRECTORIES_MAX) known.clear();
  for (const each of unknown) known.add(each);
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
