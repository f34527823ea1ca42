import { LIMITS, PortError, type Witness } from '@stamp-ledger/ports';
import {
  parseVkey,
  proveConsistency,
  TransparencyError,
  tileHashReader,
  type VerifierKey,
} from '@stamp-ledger/transparency';
import type { Cosigned, CosignedTiles } from './cosigned-tiles.js';
import { readTile } from './read-log.js';
import { haltOf } from './status.js';

export interface WitnessRun {
  readonly witnesses: readonly Witness[];
  readonly tiles: CosignedTiles;
  readonly signal: AbortSignal;
  /** Resolves after so many milliseconds, or at once when `signal` aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** A witness did not cosign a checkpoint, and why. It is asked again later. */
  readonly onTrouble: (why: string) => void;
}

/**
 * Has witnesses cosign what is sealed, until `signal` aborts: round after round all of them are asked for the checkpoint
 * that is the newest then, so that enough of them sign the same one, and the next round begins when enough have, or none is
 * left that may. A witness that is slow goes on beside; one that fails is asked less and less often. When nothing is
 * sealed they are asked again from time to time: a cosignature says that this was the newest then. Rejects for mistakes only.
 */
export async function runWitnesses(run: WitnessRun): Promise<void> {
  const { tiles, sleep } = run;
  const ending = new AbortController();
  const signal = AbortSignal.any([run.signal, ending.signal]);
  const asked = run.witnesses.map((witness) => new AskedWitness(run, witness, ending));
  try {
    let last: Cosigned | undefined;
    /** In which nothing newer was there. */
    let rounds = 0;
    while (!signal.aborted) {
      const newest = tiles.latest();
      if (newest === undefined) {
        await tiles.changed(undefined, signal);
        continue;
      }
      if (newest !== last) rounds = 0;
      last = newest;
      const again = rounds >= ROUNDS_UNTIL_AGAIN;
      if (again) rounds = 0;
      const answers = asked.filter((each) => each.isDue(newest, again)).map((each) => each.ask(newest));
      await enoughOrAnswered(newest, answers);
      await sleep(LIMITS.witnessPauseMilliseconds, signal);
      rounds += 1;
      const isComplete = asked.every((each) => each.hasDone(newest));
      if (isComplete && (await isStillNewest({ tiles, sleep, signal }, newest))) rounds = ROUNDS_UNTIL_AGAIN;
    }
  } finally {
    await Promise.all(asked.map((each) => each.end()));
  }
}

/** What witnesses show of a log, from those that answer: whoever has seen more than is held here knows that it was set back. */
export async function shownByWitnesses({
  witnesses,
  origin,
  signal,
  onTrouble,
}: Pick<WitnessRun, 'witnesses' | 'signal' | 'onTrouble'> & { readonly origin: string }): Promise<
  readonly Uint8Array[]
> {
  const shown = witnesses.map(async (witness) => {
    try {
      return await witness.lastCheckpoint({ origin, signal });
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      onTrouble(`witness ${parseVkey(witness.vkey).name}: ${error.message}`);
      return undefined;
    }
  });
  return (await Promise.all(shown)).filter((note) => note !== undefined);
}

const ROUNDS_UNTIL_AGAIN = LIMITS.witnessAgainMilliseconds / LIMITS.witnessPauseMilliseconds;

/** The wait for a quorum ends with the answers: there may be none for days, and rounds without number. */
async function enoughOrAnswered(newest: Cosigned, answers: readonly Promise<void>[]): Promise<void> {
  const answered = new AbortController();
  void Promise.all(answers).then(() => answered.abort());
  await newest.enough(answered.signal);
}

/** Waits for the next checkpoint, and says whether there was none for so long that this one is to be cosigned again. */
async function isStillNewest(
  { tiles, signal, sleep }: Pick<WitnessRun, 'tiles' | 'signal' | 'sleep'>,
  newest: Cosigned,
): Promise<boolean> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  await Promise.race([tiles.changed(newest, either), sleep(LIMITS.witnessAgainMilliseconds, either)]);
  over.abort();
  return tiles.latest() === newest;
}

/** One witness, and what is known of it. */
class AskedWitness {
  readonly key: VerifierKey;
  /** Size that it knows, as far as we know. */
  #known = 0;
  #failures = 0;
  /** Rounds in which it is left alone. */
  #pauses = 0;
  /** It is to be asked though it has cosigned the newest; kept until it is: while it is busy, and through its pauses. */
  #again = false;
  #asking: Promise<void> | undefined;
  #mistake: unknown;

  constructor(
    private readonly run: WitnessRun,
    private readonly witness: Witness,
    private readonly ending: AbortController,
  ) {
    this.key = parseVkey(witness.vkey);
  }

  /** It has cosigned this one, as often as it was to. */
  hasDone(newest: Cosigned): boolean {
    return this.#asking === undefined && !this.#again && newest.isCosignedBy(this.key);
  }

  /** `again`: though it has cosigned this one. */
  isDue(newest: Cosigned, again: boolean): boolean {
    this.#again ||= again;
    if (this.#asking !== undefined || (newest.isCosignedBy(this.key) && !this.#again)) return false;
    if (this.#pauses === 0) return true;
    this.#pauses -= 1;
    return false;
  }

  /** Resolves when it has answered or failed. A mistake ends the run. */
  ask(newest: Cosigned): Promise<void> {
    this.#again = false;
    this.#asking = this.#ask(newest)
      .catch((error: unknown) => {
        this.#mistake ??= error;
        this.ending.abort();
      })
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  async end(): Promise<void> {
    await this.#asking;
    if (this.#mistake !== undefined) throw this.#mistake;
  }

  async #ask(newest: Cosigned): Promise<void> {
    const why = await this.#refusal(newest);
    if (why === undefined) {
      this.#known = newest.size;
      this.#failures = 0;
      return;
    }
    if (this.run.signal.aborted) return;
    this.run.onTrouble(`witness ${this.key.name}: ${why}`);
    this.#failures += 1;
    // What it signed before does not make up for it.
    this.#again ||= newest.isCosignedBy(this.key);
    this.#pauses = Math.min(2 ** Math.min(this.#failures, 16), LIMITS.witnessPausesMax);
  }

  /** Why it did not cosign; undefined when it did. */
  async #refusal(newest: Cosigned): Promise<string | undefined> {
    const { tiles, signal } = this.run;
    const { size, checkpoint } = newest;
    const read = tileHashReader({ size, readTile: (tile) => readTile(tiles, tile) });
    let old = Math.min(this.#known, size);
    try {
      // A witness says which size it knows when it is another: then the proof is made again, once.
      for (let attempt = 1; attempt <= 2; attempt++) {
        const proof =
          old === 0 || old === size ? [] : await proveConsistency({ older: old, newer: size, read });
        const answer = await this.witness.addCheckpoint({ old, proof, checkpoint, signal });
        switch (answer.kind) {
          case 'cosigned': {
            const isGood = await tiles.attach({ checkpoint: newest, lines: answer.lines, key: this.key });
            return isGood ? undefined : 'what it signed is no cosignature of this checkpoint';
          }
          case 'refused':
            return answer.detail;
          case 'conflict':
            if (answer.size > size) return `it has seen ${answer.size} entries, and ${size} are sealed`;
            old = answer.size;
        }
      }
      return 'it does not know which size it has seen';
    } catch (error) {
      // A file that cannot be read is the sealer's to tell of.
      if (error instanceof PortError || error instanceof TransparencyError || haltOf(error) !== undefined)
        return error instanceof Error ? error.message : 'unknown error';
      throw error;
    }
  }
}
