import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditedLog, PortError } from '@stamp-ledger/app';
import { UsageError } from '../exit-codes.js';
import type { Session } from '../session.js';

const LIMITS = {
  /** A bundle holds at most 256 entries of 65,535 bytes; nothing of a log is larger. */
  fileBytes: 256 * 65_537,
  answerMilliseconds: 30_000,
  attempts: 4,
  pauseMilliseconds: 250,
} as const;

const TOO_LARGE = 'is larger than any file of a log';

export interface LogOptions {
  readonly log?: string;
}

/** The log that is named, or else that of the ledger. */
export const logOf = ({ url }: Pick<Session, 'url'>, { log }: LogOptions): AuditedLog =>
  openAuditedLog(log ?? `${url.replace(/\/$/, '')}/log`);

/** A log at a URL, or a copy of its files in a directory. */
export function openAuditedLog(place: string): AuditedLog {
  if (!/^https?:/i.test(place)) return { read: (path) => readCopy(join(place, path)) };
  if (!URL.canParse(place)) throw new UsageError('--log is neither a URL nor a directory');
  const base = place.endsWith('/') ? place : `${place}/`;
  return { read: (path) => fetchFile(new URL(path, base)) };
}

async function readCopy(file: string): Promise<Buffer | undefined> {
  let handle: FileHandle | undefined;
  try {
    // Without waiting: a pipe that nobody writes to would be waited for.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) throw new PortError('unavailable', `${file} is no file`);
    if (found.size > LIMITS.fileBytes) throw new PortError('unavailable', `${file} ${TOO_LARGE}`);
    return await handle.readFile();
  } catch (error) {
    if (error instanceof PortError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new PortError('unavailable', `${file} cannot be read: ${code}`);
  } finally {
    await handle?.close();
  }
}

/** Asks again a few times: an audit of a large log must not fail for one lost packet. */
async function fetchFile(url: URL): Promise<Buffer | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchOnce(url);
    } catch (error) {
      if (attempt >= LIMITS.attempts)
        throw new PortError('unavailable', `${url.pathname} cannot be had: ${reasonOf(error)}`);
      await sleep(LIMITS.pauseMilliseconds * attempt);
    }
  }
}

/** `fetch` says why it failed in the cause of an error that says nothing. */
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
};

async function fetchOnce(url: URL): Promise<Buffer | undefined> {
  const answer = await fetch(url, {
    signal: AbortSignal.timeout(LIMITS.answerMilliseconds),
    redirect: 'error',
  });
  if (answer.status === 404) {
    await answer.body?.cancel();
    return undefined;
  }
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new Error(`status ${answer.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > LIMITS.fileBytes) throw new Error(`it ${TOO_LARGE}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
