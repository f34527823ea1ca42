import { PortError } from '@stamp-ledger/ports';

/**
 * Does the work for every item side by side, so that their events share commits. One that fails at a port keeps no other
 * from being done; when all have ended, the first failure is thrown on.
 */
export async function eachByItself<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(items.map(work));
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  const broken = failures.find((failure) => !(failure instanceof PortError));
  if (broken !== undefined) throw broken;
  if (failures.length > 0) throw failures[0];
}
