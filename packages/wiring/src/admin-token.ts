import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readOrCreateSecret } from './secret-file.js';

/** Where the local administrator's token is kept. */
export const adminTokenPath = (dataDirectory: string): string => join(dataDirectory, 'admin-token');

/** The local administrator's token: 256 random bits, base64url; made on first use. */
export async function readAdminToken(dataDirectory: string): Promise<string> {
  const token = await readOrCreateSecret(
    adminTokenPath(dataDirectory),
    () => `${randomBytes(32).toString('base64url')}\n`,
  );
  return token.trim();
}
