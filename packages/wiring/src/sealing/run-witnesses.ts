import { type CosignedTiles, runWitness } from '@stamp-ledger/app';
import { sleep } from '../sleep.js';
import type { WitnessSettings } from '../witness-settings.js';
import { httpWitness } from './http-witness.js';

/** Has every witness cosign what is published, until `signal` aborts. Rejects for mistakes only. */
export async function runWitnesses({
  witnesses,
  tiles,
  signal,
  onTrouble,
}: {
  readonly witnesses: readonly WitnessSettings[];
  readonly tiles: CosignedTiles;
  readonly signal: AbortSignal;
  readonly onTrouble: (why: string) => void;
}): Promise<void> {
  await Promise.all(
    witnesses.map((settings) => {
      const [name = ''] = settings.vkey.split('+');
      return runWitness({
        witness: httpWitness(settings),
        tiles,
        signal,
        sleep,
        onTrouble: (why) => onTrouble(`witness ${name}: ${why}`),
      });
    }),
  );
}
