import { getPriority, setPriority } from 'node:os';

/** How much nicer (nice(2)) such a thread is than the process: it gets a third of what a thread that answers gets. */
const NICER = 5;
const NICEST = 19;

/**
 * The calling thread yields to those that answer requests and write the log, when there are more of them than processors.
 * On Linux the nice value belongs to a thread; elsewhere to the whole process, and nothing is changed.
 */
export function yieldToRequests(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Math.min(NICEST, getPriority() + NICER));
  } catch {
    // Where it is forbidden the thread is only less polite.
  }
}
