import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly key: Buffer;
  readonly certificate: Buffer;
  /** Where the certificate is, which is its own authority. */
  readonly path: string;
}

/** A certificate for 127.0.0.1 that nobody else trusts, made by openssl in a directory. */
export function makeCertificate(directory: string): Certificate {
  const [key, path] = [join(directory, 'server.key'), join(directory, 'server.crt')];
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', path],
  ]);
  if (made.status !== 0) throw new Error(`openssl is needed: ${made.stderr ?? made.error}`);
  return { key: readFileSync(key), certificate: readFileSync(path), path };
}
