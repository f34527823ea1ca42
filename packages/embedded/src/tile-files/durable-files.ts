import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PortError } from '@stamp-ledger/ports';

const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

/** What a failed call on a file means to a port. */
export function toFileError(error: unknown, doing: string): PortError {
  if (error instanceof PortError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new PortError('unavailable', `${doing} failed: ${code}`, { cause: error });
}

/** The bytes of a file, undefined when there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw toFileError(error, 'reading a file');
  }
}

/**
 * Makes a directory and whatever is missing above it. When it resolves the names are durable of all that it made, and of
 * those from `top` down, made or not: who made one may have died before its name was durable.
 */
export async function makeDirectories(path: string, top: string = path): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  const highest = [made ?? top, top].map((each) => resolve(each)).sort((a, b) => a.length - b.length)[0];
  const above = dirname(highest ?? resolve(path));
  for (let child = resolve(path); child !== above; child = dirname(child)) await syncName(dirname(child));
}

/** Makes the names in a directory durable. The outcome of a failed fsync is unknown, and stays so: nothing goes on. */
export async function syncName(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await synced(() => handle.sync());
  } finally {
    await handle.close();
  }
}

/** A file that is written under a name of its own, and not durable yet. */
export interface Draft {
  /** Makes what was written durable. */
  sync(): Promise<void>;
  /** Gives it its name, not durably. True when it has it; false when a file of that name is there already. */
  name(): Promise<boolean>;
  /** Gives it up. It is safe, and needless, after the other two. */
  discard(): Promise<void>;
}

/**
 * Begins to create a file. Of many that are begun together, all should be written before the first is synced: one commit
 * of the file system's journal then does for most of them.
 */
export async function draftFile(path: string, bytes: Uint8Array): Promise<Draft> {
  const temporary = temporaryBeside(path);
  const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, FILE_MODE);
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
  };
  const discard = async (): Promise<void> => {
    await close();
    await rm(temporary, { force: true });
  };
  try {
    await file.writeFile(bytes);
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    sync: async () => {
      await synced(() => file.sync());
      await close();
    },
    name: async () => {
      try {
        // Unlike a rename, a link never replaces what is there.
        await link(temporary, path);
        return true;
      } catch (error) {
        if (hasCode(error, 'EEXIST')) return false;
        throw error;
      } finally {
        await unlink(temporary);
      }
    },
    discard,
  };
}

/** Replaces a file in one step; durable when it resolves. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryBeside(path);
  const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, FILE_MODE);
  try {
    await file.writeFile(bytes);
    await synced(() => file.sync());
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncName(dirname(path));
}

const temporaryBeside = (path: string): string => join(dirname(path), `.${randomUUID()}.tmp`);

async function synced(sync: () => Promise<void>): Promise<void> {
  try {
    await sync();
  } catch (cause) {
    throw new PortError('corrupt', 'fsync failed: what is on disk is unknown', { cause });
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
