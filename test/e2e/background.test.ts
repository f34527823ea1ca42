import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { eventually } from '../support/eventually.js';
import { startLedgerProcess } from '../support/server-process.js';

/** The nice values of all threads of a process, that of its first thread first (proc(5), /proc/pid/task/tid/stat). */
function niceValues(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`).sort((a, b) => Number(a) - Number(b));
  return threads.map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

t.test('threads behind the commands yield to those that answer and write', async (t) => {
  if (process.platform !== 'linux') {
    t.comment('NOT RUN: nice values belong to threads on Linux alone');
    return;
  }
  const ledger = await startLedgerProcess();
  t.teardown(() => ledger.stop());
  const own = niceValues(process.pid)[0] ?? 0;
  // Two that project, one that seals.
  await eventually(async () => niceValues(ledger.pid).filter((nice) => nice > own).length >= 3, {
    what: 'the threads of the background',
    milliseconds: 10_000,
  });
  t.equal(niceValues(ledger.pid)[0], own, 'the thread that answers');
});
