import { LIMITS } from '@stamp-ledger/ports';

/**
 * What an audit may find, by class:
 * `contradiction`: the log shows a history that the kept checkpoint excludes, signed by its own key;
 * `untrusted`: there is no checkpoint by a key that the auditor trusts;
 * `unservable`: something that the checkpoint covers is not there;
 * `damaged`: something is there and is not what the checkpoint covers;
 * `source-differs`: the event store and the log tell different histories;
 * `broken-promise`: a receipt that the ledger signed is not kept;
 * `quorum-not-met`: too few witnesses saw this checkpoint.
 */
export type FindingClass = (typeof KINDS)[FindingKind];

export type FindingKind = keyof typeof KINDS;

const KINDS = {
  'rolled-back': 'contradiction',
  forked: 'contradiction',
  'malformed-checkpoint': 'untrusted',
  'wrong-origin': 'untrusted',
  'bad-signature': 'untrusted',
  'unknown-key': 'untrusted',
  'missing-checkpoint': 'unservable',
  'missing-file': 'unservable',
  'bad-tile': 'damaged',
  'bad-bundle': 'damaged',
  'entry-differs': 'damaged',
  'entry-unreadable': 'damaged',
  'tile-differs': 'damaged',
  'root-differs': 'damaged',
  'event-rewritten': 'source-differs',
  'event-dropped': 'source-differs',
  'event-inserted': 'source-differs',
  'events-swapped': 'source-differs',
  'event-differs': 'source-differs',
  'event-missing': 'source-differs',
  'source-unreadable': 'source-differs',
  'receipt-missing': 'broken-promise',
  'receipt-invalid': 'broken-promise',
  'quorum-not-met': 'quorum-not-met',
} as const;

export interface Finding {
  readonly class: FindingClass;
  readonly kind: FindingKind;
  /** One sentence for a person. */
  readonly detail: string;
  /** Zero-based leaf index, where the finding is about one entry. */
  readonly index?: number;
  /** Path of the file under the log's prefix. */
  readonly path?: string;
}

/**
 * Collects findings. A log gone wrong has as many as it has entries: all are counted, so many are kept, and of each kind
 * the first always, since what is gravest may come last.
 */
export class Findings {
  readonly #kept: Finding[] = [];
  #count = 0;

  add(
    kind: FindingKind,
    detail: string,
    place: { readonly index?: number; readonly path?: string } = {},
  ): void {
    this.#count++;
    if (this.#kept.length < LIMITS.auditFindings || !this.has(kind))
      this.#kept.push({ class: KINDS[kind], kind, detail, ...place });
  }

  has(kind: FindingKind): boolean {
    return this.#kept.some((finding) => finding.kind === kind);
  }

  get count(): number {
    return this.#count;
  }

  get kept(): readonly Finding[] {
    return this.#kept;
  }
}
