import { sleep } from './sleep.js';

/** Milliseconds that closing may take: what hangs on an engine that is away ends with the process. */
const CLOSE_MILLISECONDS = 1_500;

/** Closes what was opened, side by side: nothing is acknowledged any more, so that nothing can be lost. */
export async function closeAll(
  opened: readonly ({ close(): Promise<void> } | undefined)[],
  milliseconds: number = CLOSE_MILLISECONDS,
): Promise<void> {
  await atMost(milliseconds, Promise.allSettled(opened.map((each) => each?.close())));
}

/** Waits for work to end, but only so long; it rejects as the work does. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([work, sleep(milliseconds, over.signal)]);
  } finally {
    over.abort();
  }
}

/** For a start that failed: closes what it had opened, and goes on failing. */
export const closing =
  (opened: Parameters<typeof closeAll>[0]) =>
  async (error: unknown): Promise<never> => {
    await closeAll(opened);
    throw error;
  };
