import { execFile } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatVkey, type VerifierKey } from '@stamp-ledger/transparency';
import { ROOT } from '../support/server-process.js';

/** What a program that we did not write says about a log. */
export interface Opinion {
  readonly accepts: boolean;
  readonly said: string;
}

const BUILD_MILLISECONDS = 300_000;
const AUDIT_MILLISECONDS = 120_000;
const SAID_CHARACTERS = 500;
const TESSERA = { module: 'github.com/transparency-dev/tessera', version: 'v1.0.4' };
const FSCK = `${TESSERA.module}/cmd/fsck@${TESSERA.version}`;
const CACHE = join(homedir(), '.cache', 'stamp-ledger', 'auditors');
const run = promisify(execFile);

/** An auditor over golang.org/x/mod: the published checkpoint against a kept one, then every entry. */
export async function goAuditor(): Promise<
  (log: { readonly url: string; readonly key: VerifierKey; readonly kept: Uint8Array }) => Promise<Opinion>
> {
  mkdirSync(CACHE, { recursive: true });
  const program = join(CACHE, 'auditor');
  await run('go', ['build', '-o', program, '.'], {
    cwd: join(ROOT, 'test/independent/auditor'),
    timeout: BUILD_MILLISECONDS,
  });
  return async ({ url, key, kept }) =>
    inDirectory(async (directory) => {
      const file = join(directory, 'kept.checkpoint');
      writeFileSync(file, kept);
      return opinionOf(program, [`${url}/`, formatVkey(key), file]);
    });
}

/** Where Tessera's own source is, with its test data. */
export async function tesseraSource(): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', `${TESSERA.module}@${TESSERA.version}`], {
    timeout: BUILD_MILLISECONDS,
  });
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir;
}

/** A proof and what github.com/transparency-dev/merkle says of it. */
export interface Probe {
  readonly kind: 'inclusion' | 'consistency';
  /** How it was spoilt, or `honest`. */
  readonly what: string;
  /** The older size, for consistency. */
  readonly index: number;
  readonly size: number;
  /** In base64; the older root, for consistency. */
  readonly leaf: string;
  readonly root: string;
  readonly proof: readonly string[];
  readonly accepts: boolean;
}

const PROBE_BYTES_MAX = 64_000_000;

/** Proofs of small trees by that library, honest ones and each spoilt in many ways, with its own judgement. */
export async function probes(): Promise<readonly Probe[]> {
  const { stdout } = await run('go', ['run', '.'], {
    cwd: join(ROOT, 'test/independent/probes'),
    timeout: BUILD_MILLISECONDS,
    maxBuffer: PROBE_BYTES_MAX,
  });
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Probe);
}

/** `fsck` of Tessera: every bundle and every tile, the root made anew. */
export async function tesseraFsck(): Promise<
  (log: { readonly url: string; readonly key: VerifierKey }) => Promise<Opinion>
> {
  const program = join(CACHE, 'fsck');
  if (!existsSync(program)) {
    mkdirSync(CACHE, { recursive: true });
    await run('go', ['install', FSCK], {
      env: { ...process.env, GOBIN: CACHE },
      timeout: BUILD_MILLISECONDS,
    });
  }
  return async ({ url, key }) =>
    inDirectory(async (directory) => {
      const file = join(directory, 'log.vkey');
      writeFileSync(file, formatVkey(key));
      const opinion = await opinionOf(program, [
        `--storage_url=${url}/`,
        `--public_key=${file}`,
        '--ui=false',
        '--N=2',
      ]);
      // It ends with 0 whatever it found.
      return { ...opinion, accepts: opinion.accepts && !/fsck failed/.test(opinion.said) };
    });
}

interface Sigstore {
  readonly verifyCheckpoint: (entry: unknown, logs: readonly unknown[]) => unknown;
  readonly verifyMerkleInclusion: (entry: unknown, checkpoint: unknown) => void;
}

/** sigstore-js: the signature on the checkpoint, and an inclusion proof of one entry in it. */
export function sigstore({
  key,
  checkpoint,
  index,
  hashes,
  entry,
}: {
  readonly key: VerifierKey;
  readonly checkpoint: Uint8Array;
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  readonly entry: Uint8Array;
}): Opinion {
  const from = createRequire(import.meta.url);
  const { verifyCheckpoint } = from('@sigstore/verify/dist/tlog/checkpoint') as Sigstore;
  const { verifyMerkleInclusion } = from('@sigstore/verify/dist/tlog/merkle') as Sigstore;
  const envelope = Buffer.from(checkpoint).toString();
  const claim = {
    canonicalizedBody: entry,
    inclusionProof: { logIndex: String(index), hashes, checkpoint: { envelope } },
  };
  const x = key.publicKey.toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const logID = Buffer.from(key.keyId.padEnd(64, '0'), 'hex');
  try {
    const log = verifyCheckpoint(claim, [{ logID, publicKey, baseURL: `https://${key.name}` }]);
    verifyMerkleInclusion(claim, log);
    return { accepts: true, said: 'ok' };
  } catch (error) {
    return { accepts: false, said: String(error) };
  }
}

async function opinionOf(program: string, args: readonly string[]): Promise<Opinion> {
  try {
    const { stdout, stderr } = await run(program, args, { timeout: AUDIT_MILLISECONDS });
    return { accepts: true, said: `${stdout}${stderr}`.trim().slice(0, SAID_CHARACTERS) };
  } catch (error) {
    const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
    return { accepts: false, said: (stderr ?? message).trim().slice(0, SAID_CHARACTERS) };
  }
}

async function inDirectory<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-auditor-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
