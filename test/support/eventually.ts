import { setTimeout } from 'node:timers/promises';

const POLL_MILLISECONDS = 50;

/** The first answer that is neither undefined nor false; rejects when there is none in time. */
export async function eventually<Answer>(
  ask: () => Promise<Answer | undefined | false>,
  { what, milliseconds }: { readonly what: string; readonly milliseconds: number },
): Promise<Answer> {
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await setTimeout(POLL_MILLISECONDS);
  }
  throw new Error(`${what}: not within ${milliseconds} ms`);
}
