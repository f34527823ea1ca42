import { setFlagsFromString } from 'node:v8';

/**
 * How far a heap may grow past what was alive when it was last collected, in percent. V8 itself would let it become four
 * times that where the machine has much memory; what is held here is caches of a bounded size, and what leaves them is
 * garbage that had become old.
 */
const GROWING_PERCENT = 100;

/** Bounds the heaps of this process, all threads: the flag is read at the end of each collection. */
export function boundHeaps(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
