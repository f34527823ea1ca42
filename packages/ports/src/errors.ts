/** How a port can fail. `corrupt` is never retried; after the others the outcome of a write is unknown. */
export type PortErrorKind = 'unavailable' | 'timeout' | 'corrupt';

/** The only error a port rejects with. The message is for logs; it holds no secret and never reaches a client. */
export class PortError extends Error {
  override readonly name = 'PortError';
  constructor(
    readonly kind: PortErrorKind,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}
