import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { UsageError } from './exit-codes.js';

const GIVEN_HASH = /^sha256:([0-9a-fA-F]{64})$/;

const TYPES: Readonly<Record<string, string>> = {
  '.pdf': 'application/pdf',
  '.json': 'application/json',
  '.xml': 'application/xml',
  '.txt': 'text/plain',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
};

/**
 * SHA-256 of a document given as a path, as `-` for the bytes of stdin, or as `sha256:<64 hexadecimal digits>` when it
 * was hashed elsewhere. Streams, so the size does not matter. The document itself never leaves this process.
 */
export async function documentSha256(argument: string, stdin: NodeJS.ReadableStream): Promise<string> {
  const given = GIVEN_HASH.exec(argument)?.[1];
  if (given !== undefined) return given.toLowerCase();
  if (argument.startsWith('sha256:')) throw new UsageError('sha256: wants 64 hexadecimal digits');
  const source = argument === '-' ? stdin : createReadStream(argument);
  const hash = createHash('sha256');
  try {
    for await (const chunk of source) hash.update(chunk);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read ${argument}: ${code ?? message}`);
  }
  return hash.digest('hex');
}

/** The media type that a file name suggests. */
export const documentType = (argument: string): string =>
  TYPES[extname(argument).toLowerCase()] ?? 'application/octet-stream';
