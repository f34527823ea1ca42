import type { Delivery, Partition, Taken } from '@stamp-ledger/ports';
import t from 'tap';

const { Merger } = await import(new URL('../../../packages/kafka/dist/merger.js', import.meta.url).href);

const HOLD = { heartbeat: async () => undefined, isUsable: () => true };
const TAKEN: Taken = { kind: 'taken' };

const delivery = (partition: string, first = 0n): Delivery => ({
  partition: partition as Partition,
  first,
  next: first + 1n,
  messages: [],
});

/** A merger whose takes are ended by the test, all that are under way at once. */
function scene() {
  const begun: (readonly string[])[] = [];
  let gate = new Gate();
  let onTake: () => void = () => {};
  const merger = new Merger(
    async (deliveries: readonly Delivery[]) => {
      begun.push(deliveries.map(({ partition, first }) => `${partition}@${first}`));
      onTake();
      await gate.opened;
      return TAKEN;
    },
    new AbortController().signal,
    (error: unknown) => t.error(error),
  );
  return {
    merger,
    begun,
    takes: (count: number): Promise<void> =>
      new Promise((resolve) => {
        onTake = () => {
          if (begun.length >= count) resolve();
        };
        onTake();
      }),
    release: (): void => {
      const before = gate;
      gate = new Gate();
      before.open();
    },
  };
}

class Gate {
  open: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

t.test('what is offered at the moment the last takes end is taken', async (t) => {
  const { merger, takes, release } = scene();
  const again = merger.offer(delivery('a'), HOLD).then(() => merger.offer(delivery('a', 1n), HOLD));
  await takes(1);
  const other = merger.offer(delivery('b'), HOLD);
  await takes(2);
  release();
  await other;
  await takes(3);
  release();
  t.strictSame(await again, TAKEN);
  await merger.finished();
});

t.test('takes that are under way together are of different partitions', async (t) => {
  const { merger, begun, takes, release } = scene();
  const first = merger.offer(delivery('a'), HOLD);
  await takes(1);
  // A member that joined anew offers from where it was, while what it had in hand before is being taken still.
  const second = merger.offer(delivery('a'), HOLD);
  const third = merger.offer(delivery('b'), HOLD);
  await takes(2);
  t.strictSame(begun, [['a@0'], ['b@0']]);
  release();
  await Promise.all([first, third]);
  await takes(3);
  release();
  t.strictSame(await second, TAKEN);
  t.strictSame(begun.at(-1), ['a@0']);
  await merger.finished();
});
