import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncodedEvent, StreamName } from '@stamp-ledger/codec';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import { PortError, type StreamAppend } from '@stamp-ledger/ports';
import t, { type Test } from 'tap';
import { EXIT } from './log-child.js';
import { type Ack, checkLog, startLogProcess, whyNoStrace } from './log-process.js';

/** Far more than it takes, for a loaded machine. */
t.setTimeout(120_000);

const noStrace = whyNoStrace();

/** A subtest that needs strace, or a loud note of what was not run. */
function straceTest(name: string, run: (t: Test) => Promise<void>): void {
  if (noStrace === undefined) {
    t.test(name, run);
    return;
  }
  t.comment(`SKIP, NOT RUN: ${name}: ${noStrace}`);
  t.test(name, { skip: noStrace }, run);
}

async function directoryFor(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stamp-ledger-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return directory;
}

/** Small seeded generator (mulberry32): the rounds are the same in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

t.test('nothing acknowledged is lost when the process is killed', async (t) => {
  const directory = await directoryFor(t);
  const random = randomFrom(20240906);
  const acks: Ack[] = [];
  for (let round = 0; round < 6; round++) {
    const appenders = [1, 4, 32][round % 3] ?? 1;
    const writer = startLogProcess({ directory, run: `K${round}`, appenders, appends: 0 });
    await writer.said(2 + random(400));
    writer.process.kill('SIGKILL');
    t.equal(await writer.ended, null, 'ended by the signal');
    acks.push(...writer.acks);
    t.strictSame(await checkLog(directory, acks), [], `round ${round}: ${acks.length} acknowledgements`);
  }
});

straceTest('nothing acknowledged is lost when the process is killed inside a write or a sync', async (t) => {
  const directory = await directoryFor(t);
  const random = randomFrom(1);
  const acks: Ack[] = [];
  for (const call of ['pwrite64', 'fsync', 'pwrite64', 'fsync']) {
    const place = 40 + random(100);
    const inject = `inject=${call}:signal=SIGKILL:when=${place}`;
    const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64,fsync', '-e', inject];
    const run = `I${call}${place}`;
    const writer = startLogProcess({ directory, run, appenders: 3, appends: 0, under });
    await writer.ended;
    acks.push(...writer.acks);
    t.strictSame(await checkLog(directory, acks), [], `${inject}: ${writer.acks.length} acknowledgements`);
  }
  t.ok(acks.length > 0);
});

straceTest('every acknowledgement costs a sync of the log, on every open of the file', async (t) => {
  const directory = await directoryFor(t);
  const trace = join(directory, 'trace');
  const appends = 60;
  for (const run of ['first', 'second']) {
    const under = ['strace', '-f', '-y', '-qq', '-o', trace, '-e', 'trace=fsync,fdatasync'];
    const writer = startLogProcess({ directory, run, appenders: 1, appends, under });
    t.equal(await writer.ended, 0);
    t.equal(writer.acks.length, appends);
    const syncs = (await readFile(trace, 'utf8')).match(/f(data)?sync\(\d+<[^>]*log\.sqlite-wal>/g) ?? [];
    t.ok(syncs.length >= appends, `${run} open: ${syncs.length} syncs for ${appends} appends`);
  }
});

straceTest(
  'a failed sync acknowledges nothing more and ends the process; the next start is clean',
  async (t) => {
    const directory = await directoryFor(t);
    const trace = join(directory, 'trace');
    const acks: Ack[] = [];
    for (const place of [40, 57]) {
      const under = ['strace', '-f', '-qq', '-s', '8', '-o', trace, '-e', 'trace=fsync,fdatasync,write'];
      under.push('-e', `inject=fsync,fdatasync:error=EIO:when=${place}`);
      const writer = startLogProcess({ directory, run: `E${place}`, appenders: 1, appends: 0, under });
      t.equal(await writer.ended, EXIT.fatal, 'ended by onFatal');
      t.match(writer.lines.at(-1), /^fatal .*SQLITE_IOERR_FSYNC/);
      const calls = await readFile(trace, 'utf8');
      const afterFailure = calls.slice(calls.indexOf('(INJECTED)'));
      t.match(calls, /EIO .*\(INJECTED\)/);
      t.notMatch(afterFailure, /write\(1, "ack/, 'no acknowledgement after the failure');
      t.ok(writer.acks.length > 0 && writer.acks.length < place);
      acks.push(...writer.acks);
      t.strictSame(await checkLog(directory, acks), [], `EIO at sync ${place}`);
    }
  },
);

straceTest('a failed sync while opening refuses the log; the next start is clean', async (t) => {
  for (const place of [1, 4]) {
    const directory = await directoryFor(t);
    const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync'];
    under.push('-e', `inject=fsync,fdatasync:error=EIO:when=${place}`);
    const writer = startLogProcess({ directory, run: `O${place}`, appenders: 1, appends: 1, under });
    t.equal(await writer.ended, EXIT.refused);
    t.strictSame(writer.acks, []);
    t.strictSame(await checkLog(directory, []), [], `EIO at sync ${place}`);
  }
});

t.test('a second process is refused while the first lives, and let in when it was killed', async (t) => {
  const directory = await directoryFor(t);
  const first = startLogProcess({ directory, run: 'A', appenders: 1, appends: 0 });
  await first.said(3);
  const second = startLogProcess({ directory, run: 'B', appenders: 1, appends: 1 });
  t.equal(await second.ended, EXIT.refused);
  t.match(second.lines, [/^refused another process has .* open for writing$/]);
  await t.rejects(openEmbeddedEventStore({ directory }), { name: 'PortError', kind: 'unavailable' });
  const before = first.acks.length;
  await first.said(before + 20);
  t.ok(first.acks.length > before, 'the first goes on');
  first.process.kill('SIGKILL');
  await first.ended;
  t.strictSame(await checkLog(directory, first.acks), []);
});

/** A file system of its own with little room, or why there cannot be one. */
function mountSmall(directory: string, size: string): string | undefined {
  const { status, error, stderr } = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${size}`,
    'none',
    directory,
  ]);
  return status === 0 ? undefined : `cannot mount a tmpfs (${error?.message ?? String(stderr).trim()})`;
}

t.test(
  'a full disk refuses appends, answers reads, and takes appends again when there is room',
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'stamp-ledger-'));
    const refusal = mountSmall(directory, '4m');
    t.teardown(async () => {
      if (refusal === undefined) spawnSync('umount', [directory]);
      await rm(directory, { recursive: true });
    });
    if (refusal !== undefined) {
      t.comment(`SKIP, NOT RUN: full disk: ${refusal}`);
      t.pass('a full disk', { skip: refusal });
      return;
    }
    const ballast = join(directory, 'ballast');
    await writeFile(ballast, Buffer.alloc(1_500_000));
    let fatal: PortError | undefined;
    const open = () =>
      openEmbeddedEventStore({
        directory,
        onFatal(error) {
          fatal = error;
        },
      });
    const store = await open();
    const append = (index: number): StreamAppend => ({
      stream: `stamp-${index}` as StreamName,
      expected: 'no-stream',
      events: [
        {
          id: `id-${index}` as EncodedEvent['id'],
          type: 'StampMinted',
          data: `"${'x'.repeat(40_000)}"`,
          metadata: '{}',
        },
      ],
    });
    let written = 0;
    let refused: unknown;
    while (refused === undefined && written < 200)
      await store.append([append(written)]).then(
        () => {
          written++;
        },
        (error: unknown) => {
          refused = error;
        },
      );
    t.ok(written > 10, `${written} appends before the disk was full`);
    t.ok(refused instanceof PortError && refused.kind === 'unavailable', String(refused));
    t.equal((await store.readAll({ limit: 999 })).length, written, 'everything acknowledged is read');
    await t.rejects(store.append([append(written)]), PortError);
    t.equal(
      (await store.readStream({ stream: `stamp-${written}` as StreamName, limit: 9 })).head,
      'no-stream',
    );

    await rm(ballast);
    t.match(await store.append([append(written), append(written + 1)]), [
      { kind: 'appended' },
      { kind: 'appended' },
    ]);
    t.match(await store.append([append(written)]), [{ kind: 'appended', revision: 0 }]);
    t.equal(fatal, undefined, 'the process goes on');
    await store.close();
    const again = await open();
    t.equal((await again.readAll({ limit: 999 })).length, written + 2);
    await again.close();
  },
);
