import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Position } from '@stamp-ledger/codec';
import { LIMITS, PortError } from '@stamp-ledger/ports';
import { StatusFile } from '@stamp-ledger/wiring';
import { followSealing } from '@stamp-ledger/wiring/distributed';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from '../support/server.js';

const position = (at: number): Position => String(at).padStart(16, '0') as Position;
const running = (at: number) => ({ kind: 'running', sealed: { size: at, position: position(at) } }) as const;

/** What a sealer says, and a log whose end the test sets. */
function scene(t: Test) {
  const { directory, remove } = temporaryDirectory();
  t.teardown(remove);
  const log: { head: Position | undefined | 'away' } = { head: undefined };
  const file = new StatusFile(directory);
  const follow = async () => {
    const sealing = await followSealing({
      file,
      store: {
        head: async () => {
          if (log.head === 'away') throw new PortError('unavailable', 'away');
          return log.head;
        },
      },
      onUnreadable: () => undefined,
      onFatal: (error) => t.fail(String(error)),
    });
    t.teardown(() => sealing.close());
    const becomes = (isClosed: boolean, what: string) =>
      eventually(async () => (sealing.intake.closed() !== undefined) === isClosed, {
        what,
        milliseconds: 10 * LIMITS.sealHeadMilliseconds,
      });
    return { sealing, becomes };
  };
  return { directory, log, file, follow };
}

t.test('a status that is older than a restored log does not open intake', async (t) => {
  const { log, file, follow } = scene(t);
  file.show(running(10));
  log.head = position(7);
  const { sealing, becomes } = await follow();
  t.ok(sealing.intake.closed(), 'from the start');
  log.head = position(10);
  await becomes(false, 'open when the log has what is sealed');
  log.head = position(9);
  await becomes(true, 'closed when the log falls behind');
});

t.test('intake compares with what is signed, though it is not published yet', async (t) => {
  const { log, file, follow } = scene(t);
  file.show({ ...running(10), signed: running(12).sealed });
  log.head = position(11);
  const { sealing, becomes } = await follow();
  t.ok(sealing.intake.closed());
  t.match(sealing.sealed(), { size: 10 });
  log.head = position(12);
  await becomes(false, 'open when the log has what is signed');
});

t.test('a log that has not answered does not open intake', async (t) => {
  const { log, file, follow } = scene(t);
  file.show(running(10));
  log.head = 'away';
  const { sealing, becomes } = await follow();
  t.ok(sealing.intake.closed());
  log.head = position(12);
  await becomes(false, 'open when it has answered');
});

t.test('a sealer that begins closes intake until it has compared', async (t) => {
  const { log, file, follow } = scene(t);
  log.head = position(10);
  const { sealing, becomes } = await follow();
  t.equal(sealing.intake.closed(), undefined, 'before the first sealer nothing is sealed');
  file.show({ kind: 'starting' });
  await becomes(true, 'closed by the sealer that begins');
  file.show(running(10));
  await becomes(false, 'open when it runs');
});

t.test('what cannot be read does not open intake', async (t) => {
  const { directory, log, follow } = scene(t);
  log.head = position(10);
  writeFileSync(join(directory, 'status.json'), '{');
  t.ok((await follow()).sealing.intake.closed());
});
