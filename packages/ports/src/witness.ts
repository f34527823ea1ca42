/** What a witness says to a checkpoint. */
export type WitnessAnswer =
  /** `lines` are signature lines of a note, as they came: nothing about them is checked. */
  | { readonly kind: 'cosigned'; readonly lines: string }
  /** The witness knows the log at another size than the proof begins at. */
  | { readonly kind: 'conflict'; readonly size: number }
  /** It will not cosign: it does not know the log or its key, or holds the proof for wrong. */
  | { readonly kind: 'refused'; readonly detail: string };

/** Somebody else who keeps the largest checkpoint of a log that it saw, and cosigns what extends it (C2SP tlog-witness). */
export interface Witness {
  /** Public key that it cosigns with. */
  readonly vkey: string;
  /**
   * Asks it to cosign. Rejects with a PortError `unavailable` when it gives no answer in time or one that is none, at the
   * latest after {@link LIMITS.witnessMilliseconds}.
   */
  addCheckpoint(request: {
    /** Size that `proof` begins at; 0 for a log that it does not know yet. */
    readonly old: number;
    /** Consistency proof from `old`; 32 bytes each, at most 63. */
    readonly proof: readonly Uint8Array[];
    /** Signed by the log. */
    readonly checkpoint: Uint8Array;
    /** Gives the request up. */
    readonly signal: AbortSignal;
  }): Promise<WitnessAnswer>;
  /**
   * The checkpoint of a log that it cosigned last, as it came: nothing about it is checked. Undefined where it shows none.
   * Rejects as {@link addCheckpoint} does.
   */
  lastCheckpoint(request: {
    readonly origin: string;
    readonly signal: AbortSignal;
  }): Promise<Uint8Array | undefined>;
}
