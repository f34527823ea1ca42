import { join } from 'node:path';
import { runSealer } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import { openCheckpointLock, openEmbeddedLogReader, openTileFiles } from '@stamp-ledger/embedded';
import { sleep } from '@stamp-ledger/wiring';
import { IDENTITY } from './world.js';

/**
 * Seals the events of a world's directory up to a size, and ends: `seal-child.js DIRECTORY SIZE`. Exits 0 when they are
 * sealed, 3 when sealing halted (its reason is on stdout).
 */
const [, , directory = '', size = ''] = process.argv;
const until = size.padStart(16, '0') as Position;
const reader = openEmbeddedLogReader({ directory: join(directory, 'events') });
const lock = await openCheckpointLock({ directory: join(directory, 'lock') });
const stopping = new AbortController();
await runSealer({
  store: {
    readAll: async (request) => reader.readAll(request).filter(({ position }) => position <= until),
    readStream: async (request) => reader.readStream(request),
  },
  tiles: openTileFiles({ directory: join(directory, 'log') }),
  lock,
  identity: IDENTITY,
  signal: stopping.signal,
  sleep,
  monotonicMilliseconds: () => performance.now(),
  waitForMore: async () => undefined,
  onPortError: () => undefined,
  onStatus: (status) => {
    if (status.kind === 'running' && status.sealed.size === Number(size)) stopping.abort();
    if (status.kind === 'halted') {
      process.stdout.write(`${status.halt.reason}: ${status.halt.detail}`);
      process.exitCode = 3;
    }
  },
});
lock.close();
reader.close();
