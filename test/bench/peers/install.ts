import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { plainEnvironment, ROOT } from '../../support/server-process.js';
import type { Bench } from '../harness/part.js';

/** Two folders, because two of the peers want different versions of the same package. */
export type PeerFolder = 'servers' | 'embedded';

const INSTALL_MILLISECONDS = 600_000;

export const peerDirectory = (folder: PeerFolder): string => join(ROOT, 'test/bench/peers', folder);

/**
 * Installs the peers of a folder, outside the workspaces: whoever only builds and tests the ledger does not fetch them.
 * Throws when that fails; the part then says so and goes on without them.
 */
export function installPeers(folder: PeerFolder, { log }: Bench): void {
  const directory = peerDirectory(folder);
  const installed = join(directory, 'node_modules/.package-lock.json');
  const lock = join(directory, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  log(`  npm ci in test/bench/peers/${folder}`);
  const { status, stderr, error } = spawnSync('npm', ['ci', '--workspaces=false'], {
    cwd: directory,
    env: plainEnvironment(),
    timeout: INSTALL_MILLISECONDS,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm ci failed: ${error?.message ?? stderr.trimEnd().slice(-500)}`);
}

/** A module of a peer, which the compiler does not know: `Module` says what is used of it. */
export async function importPeer<Module>(folder: PeerFolder, name: string): Promise<Module> {
  const { resolve } = createRequire(join(peerDirectory(folder), 'package.json'));
  return (await import(pathToFileURL(resolve(name)).href)) as Module;
}
