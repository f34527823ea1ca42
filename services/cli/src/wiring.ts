/** The engines are loaded only by commands that work on them: most talk HTTP alone, and should start at once. */
export const wiring = () => import('@stamp-ledger/wiring');

/** What works on the engines of the distributed ledger. */
export const distributed = () => import('@stamp-ledger/wiring/distributed');
