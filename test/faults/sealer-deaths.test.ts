import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { auditDeep } from '@stamp-ledger/app';
import { type OpenedCheckpoint, openCheckpoint } from '@stamp-ledger/transparency';
import t, { type Test } from 'tap';
import { IDENTITY, ORIGIN, World } from '../seal/world.js';
import { plainEnvironment } from '../support/server-process.js';
import { leafOf, mth } from '../transparency/naive.js';
import { whyNoStrace } from './log-process.js';

t.setTimeout(600_000);

/** The calls by which something becomes durable or gets its name. */
const CALLS = ['fsync', 'fdatasync', 'pwrite64', 'link', 'rename', 'unlink', 'mkdir', 'ftruncate'] as const;
/** Odd, so that rounds end in all kinds of partial tiles, and now and then fill one. */
const EVENTS_A_ROUND = 37;
const ROUNDS_MAX = 150;
const CHILD = fileURLToPath(new URL('../seal/seal-child.js', import.meta.url));
const TRUST = { origin: ORIGIN, logKeys: [IDENTITY.signers[0].verifier] };

const noStrace = whyNoStrace();
if (noStrace !== undefined) t.comment(`SKIP, NOT RUN: ${noStrace}`);

/**
 * A sealer is killed at each durable step of a round, one after the other on the same log. Whatever it died at, what is
 * published is whole, what was signed is the one tree of these events, and the next sealer goes on from there.
 */
t.test('kill -9 at each durable step of sealing leaves one tree', { skip: noStrace ?? false }, async (t) => {
  const world = await World.begin();
  t.teardown(() => world.end());
  await world.append(EVENTS_A_ROUND * (ROUNDS_MAX + 1));
  const leaves = (await world.entries()).map(leafOf);
  const log = new Witness(t, world, leaves);
  let round = 0;
  const kills: Record<string, number> = {};
  for (const call of CALLS) {
    let killed = true;
    for (let step = 1; killed && round < ROUNDS_MAX; step++) {
      const size = ++round * EVENTS_A_ROUND;
      killed = await sealed(t, world, { size, inject: `${call}:signal=SIGKILL:when=${step}` });
      if (killed) kills[call] = step;
      await log.look(`${call} ${step}`);
    }
  }
  t.comment(`killed at: ${JSON.stringify(kills)}`);
  t.ok((kills.fsync ?? 0) >= 5 && (kills.link ?? 0) >= 2 && (kills.rename ?? 0) >= 1, 'every kind of step');
  t.ok(round < ROUNDS_MAX, 'there was a round for each');
  await world.seal();
  await log.look('the end');
  t.equal(log.kept?.size, leaves.length);
});

/** True when the sealer was killed, false when it came to the end. */
async function sealed(
  t: Test,
  world: World,
  { size, inject }: { readonly size: number; readonly inject: string },
): Promise<boolean> {
  const call = inject.replace(/:.*/, '');
  const child = spawn(
    'strace',
    ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${inject}`].concat(
      process.execPath,
      CHILD,
      world.directory,
      String(size),
    ),
    // The counter is one of each thread: files are worked on by one.
    { env: { ...plainEnvironment(), UV_THREADPOOL_SIZE: '1' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [said, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const killed = signal === 'SIGKILL' || code === 137;
  t.ok(killed || code === 0, `${inject}: ${code} ${signal} ${said}`);
  return killed;
}

/** Somebody who keeps what was seen, and holds the next look to it. */
class Witness {
  kept: OpenedCheckpoint | undefined;

  constructor(
    private readonly t: Test,
    private readonly world: World,
    private readonly leaves: readonly Buffer[],
  ) {}

  async look(after: string): Promise<void> {
    const { t, world } = this;
    const signed = await world.lock.read();
    if (signed !== undefined) this.#isThisTree(signed, `${after}: signed`);
    const published = await world.tiles.readCheckpoint();
    if (published === undefined) return;
    this.#isThisTree(published, `${after}: published`);
    const log = {
      read: (path: string) => (path === 'checkpoint' ? world.tiles.readCheckpoint() : world.tiles.read(path)),
    };
    const { findings, current } = await auditDeep({ log, trust: TRUST, kept: this.kept });
    t.strictSame(findings, [], `${after}: an audit`);
    this.kept = current;
  }

  #isThisTree(checkpoint: Buffer, what: string): void {
    const { size, root } = openCheckpoint(checkpoint, TRUST);
    this.t.ok(mth(this.leaves.slice(0, size)).equals(root), `${what} is the tree of ${size} events`);
  }
}
