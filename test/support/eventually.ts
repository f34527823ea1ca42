import { setTimeout } from 'node:timers/promises';

/** Between two questions; a tenth of the time waited so far in between, so that long waits cost little. */
const POLL_MILLISECONDS = { least: 20, most: 1_000 } as const;

/** The first answer that is neither undefined nor false; rejects when there is none in time. */
export async function eventually<Answer>(
  ask: () => Promise<Answer | undefined | false>,
  { what, milliseconds }: { readonly what: string; readonly milliseconds: number },
): Promise<Answer> {
  const begun = performance.now();
  for (let waited = 0; waited < milliseconds; waited = performance.now() - begun) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await setTimeout(Math.min(Math.max(waited / 10, POLL_MILLISECONDS.least), POLL_MILLISECONDS.most));
  }
  throw new Error(`${what}: not within ${milliseconds} ms`);
}
