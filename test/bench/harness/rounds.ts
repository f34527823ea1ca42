import type { Bench } from './part.js';

/** One way of doing a job, measured again and again. */
export interface Contender<Sample> {
  readonly name: string;
  /** Small, to warm up; its sample is thrown away. */
  readonly warmUp: () => Promise<unknown>;
  readonly round: (round: number) => Promise<Sample>;
}

/** Rounds unless told otherwise. */
export const roundsOf = ({ quick }: Bench): number => (quick ? 2 : 5);

/**
 * Rounds of all contenders by turns (A B A B): what a neighbour on the machine does for a minute then falls on all of
 * them and not on one.
 */
export async function interleaved<Sample>(
  bench: Bench,
  contenders: readonly Contender<Sample>[],
  rounds = roundsOf(bench),
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (const { warmUp } of contenders) await warmUp();
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      bench.log(`  round ${round + 1} of ${rounds}: ${contender.name}`);
      samples.get(contender.name)?.push(await contender.round(round));
    }
  }
  return samples;
}
