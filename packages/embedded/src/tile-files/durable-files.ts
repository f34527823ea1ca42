import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
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

/** Makes a directory and whatever is missing above it; their names are durable when it resolves. */
export async function makeDirectories(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  if (made === undefined) return;
  const above = dirname(resolve(made));
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

/** Creates a file durably but for its name. True when it was created; false when one of that name is there already. */
export async function createFile(path: string, bytes: Uint8Array): Promise<boolean> {
  const temporary = await writeTemporary(path, bytes);
  try {
    // Unlike a rename, a link never replaces what is there.
    await link(temporary, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Replaces a file in one step; durable when it resolves. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await rename(await writeTemporary(path, bytes), path);
  await syncName(dirname(path));
}

async function writeTemporary(path: string, bytes: Uint8Array): Promise<string> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
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
  return temporary;
}

async function synced(sync: () => Promise<void>): Promise<void> {
  try {
    await sync();
  } catch (cause) {
    throw new PortError('corrupt', 'fsync failed: what is on disk is unknown', { cause });
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
