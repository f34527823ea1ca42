import { OperationsRecorder } from '@stamp-ledger/app';
import type { Instant } from '@stamp-ledger/domain';
import { type JournalEntries, LIMITS, type OperationsJournal, PortError } from '@stamp-ledger/ports';
import t from 'tap';

// The journal is a server that may be away: counting goes on, and nothing that was counted is lost.
const minute = (index: number): Instant => new Date(Date.UTC(2024, 8, 6, 10, index)).toISOString() as Instant;

function bench() {
  let now = minute(0);
  let away = false;
  let stuck = false;
  const written: JournalEntries[] = [];
  const failures: PortError[] = [];
  const journal: OperationsJournal = {
    record: async (entries) => {
      if (stuck) await new Promise(() => undefined);
      if (away) throw new PortError('unavailable', 'the journal is away');
      written.push(entries);
    },
    report: async () => ({ refusals: [], lags: [], runs: [], hasMoreRuns: false, sealGaps: [] }),
    close: async () => undefined,
  };
  const recorder = new OperationsRecorder({
    journal,
    clock: {
      now: () => now,
      monotonicMilliseconds: () => 0,
      // Time stands still but for what a test lets pass.
      sleep: async () => undefined,
    },
    run: { instance: 'instance-1', service: 'api', version: '1' },
    lags: async () => [
      { projection: 'inventory', milliseconds: 40 },
      { projection: 'verification', milliseconds: 0 },
    ],
    onPortError: (error) => failures.push(error),
  });
  return {
    recorder,
    written,
    failures,
    at: (index: number) => {
      now = minute(index);
    },
    set: (state: { readonly away?: boolean; readonly stuck?: boolean }) => {
      away = state.away ?? false;
      stuck = state.stuck ?? false;
    },
  };
}

t.test('refusals are counted by minute and kind, and written once', async (t) => {
  const { recorder, written, at } = bench();
  recorder.refused('already-sold');
  recorder.refused('already-sold');
  at(1);
  recorder.refused('unknown-order');
  t.equal(await recorder.flush(), true);
  await recorder.flush();
  t.match(written[0], {
    refusals: [
      { minute: minute(0), kind: 'already-sold', count: 2 },
      { minute: minute(1), kind: 'unknown-order', count: 1 },
    ],
    lags: [{ minute: minute(1), projection: 'inventory', milliseconds: 40 }],
    run: { instance: 'instance-1', startedAt: minute(0), seenAt: minute(1) },
  });
  t.equal(written[0]?.lags.length, 1, 'what keeps up is not worth a row');
  t.strictSame(written[1]?.refusals, []);
});

t.test('while the journal is away counts are kept, in a bounded number of minutes', async (t) => {
  const { recorder, written, failures, at, set } = bench();
  set({ away: true });
  const minutes = LIMITS.journalHeldMinutes + 10;
  for (let index = 0; index < minutes; index++) {
    at(index);
    recorder.refused('ledger-unavailable');
    t.equal(await recorder.flush(), false);
  }
  t.equal(failures.length, minutes);
  set({});
  await recorder.flush();
  const [{ refusals } = { refusals: [] }] = written;
  t.equal(refusals.length, LIMITS.journalHeldMinutes);
  t.equal(
    refusals.reduce((sum, { count }) => sum + count, 0),
    minutes,
  );
});

t.test('the stop is recorded, and does not wait for a journal that does not answer', async (t) => {
  const { recorder, written, at, set } = bench();
  at(5);
  await recorder.stop();
  t.match(written.at(-1)?.run, { startedAt: minute(0), stoppedAt: minute(5) });
  const other = bench();
  other.set({ stuck: true });
  set({});
  await other.recorder.stop();
  t.strictSame(other.written, []);
});
