import { type CosignedTiles, cosignedTiles, runWitnesses, shownByWitnesses } from '@stamp-ledger/app/seal';
import type { TileStore } from '@stamp-ledger/ports';
import { parseVkey } from '@stamp-ledger/transparency';
import type { Configuration } from '../configuration.js';
import type { Logger } from '../logger.js';
import { sleep } from '../sleep.js';
import type { WitnessSettings } from '../witness-settings.js';
import { httpWitness } from './http-witness.js';

export interface Cosigning {
  /** What a sealer publishes through. */
  readonly tiles: CosignedTiles;
  /** Aborts with the given one, in the end, and when asking has failed: nobody waits, or seals, after it. */
  readonly signal: AbortSignal;
  /** Nobody is asked any more, or waits. Rejects for mistakes only, also for one before. */
  end(): Promise<void>;
}

/** Asks the configured witnesses what they have seen of a log. Each has its own time to answer in. */
export const askWitnesses =
  ({ witnesses: { witnesses }, origin }: Pick<Configuration, 'witnesses' | 'origin'>, logger?: Logger) =>
  (): Promise<readonly Uint8Array[]> =>
    shownByWitnesses({
      witnesses: witnesses.map(httpWitness),
      origin,
      signal: new AbortController().signal,
      onTrouble: (reason) => logger?.warn({ reason }, 'a witness does not say what it has seen'),
    });

/** Has the configured witnesses cosign what is sealed, until `signal` aborts or the end. */
export async function openCosigning({
  settings: { witnesses, quorum, strict },
  tiles,
  signal,
  onTrouble,
}: {
  readonly settings: WitnessSettings;
  readonly tiles: TileStore;
  readonly signal: AbortSignal;
  readonly onTrouble: (why: string) => void;
}): Promise<Cosigning> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const keys = witnesses.map(({ vkey }) => parseVkey(vkey));
  const cosigned = await cosignedTiles({ tiles, witnesses: keys, quorum, strict, signal: either });
  const running =
    witnesses.length === 0
      ? Promise.resolve()
      : runWitnesses({
          witnesses: witnesses.map(httpWitness),
          tiles: cosigned,
          signal: either,
          sleep,
          onTrouble,
        });
  // What failed is told in the end, which begins at once.
  running.catch(() => ending.abort());
  return {
    tiles: cosigned,
    signal: either,
    end: async () => {
      ending.abort();
      await running;
    },
  };
}
