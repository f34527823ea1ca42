import type { Spread } from './spread.js';

/** What a row has to keep: an amount of its own, or a share of what stands beside it. */
export type Target =
  | { readonly kind: 'at-least' | 'at-most'; readonly value: number }
  | { readonly kind: 'ratio-at-least'; readonly value: number };

/** What the capacity model is made of: rates a second, CPU seconds for 1,000, bytes on disk. */
export type Measure =
  | 'commands'
  | 'command-cpu'
  | 'orders'
  | 'order-cpu'
  | 'look-ups'
  | 'look-up-cpu'
  | 'sealed'
  | 'projected'
  | 'stamp-bytes';

/** One line of the table: ours, what it is compared with, and what it has to keep. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: Spread;
  /** A peer's figure, or the machine's own limit, from the same run. */
  readonly beside?: { readonly what: string; readonly spread: Spread };
  readonly target?: Target;
  /** What it stands for in the capacity model; of several, the last counts. */
  readonly measure?: Measure;
}

/** Answers that were given, looked for afterwards: what is missing is a fault, whatever the speed. */
export interface Audit {
  readonly what: string;
  readonly acknowledged: number;
  readonly missing: number;
}

/** A sentence that the ledger has to make true, and what this run says of it. */
export interface Verdict {
  readonly claim: string;
  readonly isKept: boolean;
  /** The figures behind it. */
  readonly because: string;
}

export interface PartResult {
  readonly verdicts?: readonly Verdict[];
  readonly rows: readonly Row[];
  readonly audits?: readonly Audit[];
  /** Charts of its own beside the one of its rows, as `PART-NAME.svg`. */
  readonly charts?: readonly { readonly name: string; readonly svg: string }[];
  /** What a reader must know to understand the figures, above all how they were taken and what was not run. */
  readonly notes?: readonly string[];
}

export interface Bench {
  /** Small sizes and few rounds: to see that everything works, not to quote. */
  readonly quick: boolean;
  /** Ten million stamps as well. */
  readonly largest: boolean;
  readonly log: (line: string) => void;
  /** A ledger that runs already, on this machine, for the parts that can do with one. */
  readonly ledger?: { readonly url: string; readonly token: string };
}

export interface Part {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<PartResult>;
}

export const ratioOf = ({ ours, beside }: Row): number | undefined =>
  beside === undefined ? undefined : ours.median / beside.spread.median;

/** Undefined when there is nothing to keep. */
export function isKept(row: Row): boolean | undefined {
  const { ours, target } = row;
  switch (target?.kind) {
    case undefined:
      return undefined;
    case 'at-least':
      return ours.median >= target.value;
    case 'at-most':
      return ours.median <= target.value;
    case 'ratio-at-least':
      return (ratioOf(row) ?? 0) >= target.value;
  }
}
