/** A finished answer to a request with an `Idempotency-Key`. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type ClaimResult =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'in-progress' }
  | { readonly kind: 'other-request' }
  | { readonly kind: 'finished'; readonly answer: StoredAnswer };

/**
 * Answers by idempotency key, a cache beside the truth: if it is lost, the events of the stream still answer a repeated
 * command. `key` is the command id, which is derived from principal, method, path and the client's key: the metadata of
 * the log's events name the same keys and their requests.
 */
export interface IdempotencyKeys {
  /**
   * Claims the key for a request whose body hashes to `requestHash` (SHA-256, hexadecimal). A key whose request is known
   * without an answer (from the log, or begun before a crash) is claimed by the same request and refused to another.
   */
  claim(request: { readonly key: string; readonly requestHash: string }): Promise<ClaimResult>;
  /** Keeps the answer for repeats. MUST survive a clean stop; after a crash the latest may be gone, and the log knows them. */
  finish(request: { readonly key: string; readonly answer: StoredAnswer }): Promise<void>;
  /** Gives the claim up without an answer: the outcome is not final, a repeat tries again. */
  release(key: string): Promise<void>;
  close(): Promise<void>;
}
