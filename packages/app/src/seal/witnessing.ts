import { LIMITS, PortError, type Witness } from '@stamp-ledger/ports';
import {
  parseCheckpoint,
  parseNote,
  parseVkey,
  proveConsistency,
  TransparencyError,
  tileHashReader,
} from '@stamp-ledger/transparency';
import type { CosignedTiles } from './cosigned-tiles.js';
import { readTile } from './read-log.js';
import { haltOf } from './status.js';

export interface WitnessRun {
  readonly witness: Witness;
  readonly tiles: CosignedTiles;
  readonly signal: AbortSignal;
  /** Resolves after so many milliseconds, or at once when `signal` aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** A checkpoint was not cosigned, and why. It is tried again later. */
  readonly onTrouble: (why: string) => void;
}

/**
 * Has one witness cosign what is published, the newest each time, until `signal` aborts: one request at once, and a pause
 * after each. A witness that is away, slow or wrong holds up nothing but its own cosignatures. Rejects for mistakes only.
 */
export async function runWitness(run: WitnessRun): Promise<void> {
  const { tiles, signal, sleep } = run;
  /** Size that the witness knows, as far as we know. */
  let known = 0;
  let seen: Buffer | undefined;
  for (let failures = 0; !signal.aborted; ) {
    await tiles.changed(seen, signal);
    const checkpoint = tiles.latest();
    if (signal.aborted || checkpoint === undefined) continue;
    const cosigned = await cosignedBy(run, checkpoint, known);
    if (typeof cosigned === 'number') {
      known = cosigned;
      seen = checkpoint;
      failures = 0;
    } else if (!signal.aborted) {
      run.onTrouble(cosigned.why);
      failures += 1;
    }
    const pause = LIMITS.witnessPauseMilliseconds * 2 ** Math.min(failures, 16);
    await sleep(Math.min(pause, LIMITS.witnessPauseMillisecondsMax), signal);
  }
}

/** The size that is cosigned now, or why it is not. */
async function cosignedBy(
  { witness, tiles, signal }: WitnessRun,
  checkpoint: Buffer,
  known: number,
): Promise<number | { readonly why: string }> {
  const { size } = parseCheckpoint(parseNote(checkpoint).text);
  const read = tileHashReader({ size, readTile: (tile) => readTile(tiles, tile) });
  let old = Math.min(known, size);
  try {
    // A witness says which size it knows when it is another: then the proof is made again, once.
    for (let attempt = 1; attempt <= 2; attempt++) {
      const proof =
        old === 0 || old === size ? [] : await proveConsistency({ older: old, newer: size, read });
      const answer = await witness.addCheckpoint({ old, proof, checkpoint, signal });
      switch (answer.kind) {
        case 'cosigned': {
          const key = parseVkey(witness.vkey);
          if (await tiles.attach({ checkpoint, lines: answer.lines, key })) return size;
          return { why: 'what it signed is no cosignature of this checkpoint' };
        }
        case 'refused':
          return { why: answer.detail };
        case 'conflict':
          if (answer.size > size)
            return { why: `it has seen ${answer.size} entries, and ${size} are published` };
          old = answer.size;
      }
    }
    return { why: 'it does not know which size it has seen' };
  } catch (error) {
    // A file that cannot be read is the sealer's to tell of.
    if (error instanceof PortError || error instanceof TransparencyError || haltOf(error) !== undefined)
      return { why: error instanceof Error ? error.message : 'unknown error' };
    throw error;
  }
}
