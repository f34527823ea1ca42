import assert from 'node:assert/strict';
import type { Instant } from '@stamp-ledger/domain';
import { type JournalEntries, LIMITS, type OperationsJournal, type ProcessRun } from '@stamp-ledger/ports';
import { type ContractCase, contractCases } from './contract.js';

/** A journal with the means to open it again. */
export interface JournalUnderTest {
  readonly journal: OperationsJournal;
  /** Opens another one on the same data, as another process or a later one would. */
  another(): Promise<OperationsJournal>;
  /** Closes everything and removes the data. */
  destroy(): Promise<void>;
}

interface JournalCase {
  readonly name: string;
  run(underTest: JournalUnderTest): Promise<void>;
}

const at = (time: string): Instant => `2024-09-06T${time}.000Z` as Instant;
const NOW = at('12:00:00');
const nothing: JournalEntries = { refusals: [], lags: [], sealGaps: [] };
const refusal = (minute: Instant, kind: string, count: number): JournalEntries => ({
  ...nothing,
  refusals: [{ minute, kind, count }],
});
const RUN: ProcessRun = {
  instance: 'instance-1',
  service: 'api',
  version: '0.1.0',
  startedAt: at('10:00:00'),
  seenAt: at('10:30:00'),
};

const CASES: readonly JournalCase[] = [
  {
    name: 'refusals are added up by kind over the minutes of a window, whoever wrote them',
    async run({ journal, another }) {
      const other = await another();
      await journal.record(refusal(at('10:00:00'), 'already-sold', 2), NOW);
      await other.record(refusal(at('10:00:00'), 'already-sold', 3), NOW);
      await journal.record(refusal(at('10:01:00'), 'already-sold', 10), NOW);
      await journal.record(refusal(at('10:01:00'), 'a-problem', 1), NOW);
      await journal.record(refusal(at('09:59:00'), 'already-sold', 100), NOW);
      const seen = async (from: string, to: string) =>
        (await other.report({ from: at(from), to: at(to) })).refusals;
      const both = [
        { kind: 'a-problem', count: 1 },
        { kind: 'already-sold', count: 15 },
      ];
      assert.deepEqual(await seen('10:00:00', '10:02:00'), both);
      assert.deepEqual(await seen('10:00:30', '10:01:01'), both, 'minutes count whole');
      assert.deepEqual(await seen('10:00:00', '10:01:00'), [{ kind: 'already-sold', count: 5 }]);
      assert.deepEqual(await seen('11:00:00', '12:00:00'), []);
      await other.close();
    },
  },
  {
    name: 'of the lags the greatest is kept',
    async run({ journal }) {
      const lag = (minute: string, milliseconds: number) =>
        journal.record(
          { ...nothing, lags: [{ minute: at(minute), projection: 'inventory', milliseconds }] },
          NOW,
        );
      await lag('10:00:00', 70);
      await lag('10:00:00', 30);
      await lag('10:01:00', 50);
      const seen = async (from: string) => (await journal.report({ from: at(from), to: NOW })).lags;
      assert.deepEqual(await seen('10:00:00'), [{ projection: 'inventory', milliseconds: 70 }]);
      assert.deepEqual(await seen('10:01:00'), [{ projection: 'inventory', milliseconds: 50 }]);
    },
  },
  {
    name: 'a run of a process is there from its start to its stop, or to when it was last seen',
    async run({ journal, another }) {
      await journal.record({ ...nothing, run: { ...RUN, seenAt: RUN.startedAt } }, NOW);
      await journal.record({ ...nothing, run: RUN }, NOW);
      const later = { ...RUN, instance: 'instance-2', startedAt: at('10:45:00') };
      const stopped = { ...later, seenAt: at('11:00:00'), stoppedAt: at('11:00:00') };
      await journal.record({ ...nothing, run: stopped }, NOW);
      const other = await another();
      const seen = async (from: string, to: string) =>
        (await other.report({ from: at(from), to: at(to) })).runs;
      assert.deepEqual(await seen('10:15:00', '12:00:00'), [RUN, stopped]);
      assert.deepEqual(await seen('10:31:00', '10:45:00'), []);
      assert.deepEqual(await seen('10:31:00', '10:45:01'), [stopped]);
      assert.deepEqual(await seen('09:00:00', '10:00:00'), []);
      await other.close();
    },
  },
  {
    name: 'a delay of sealing is there while it overlaps the window; one that goes on replaces itself',
    async run({ journal, another }) {
      const gap = { from: at('10:00:00'), to: at('10:10:00'), events: 5 };
      const other = { from: at('11:00:00'), to: at('11:00:30'), events: 1 };
      await journal.record({ ...nothing, sealGaps: [gap, other] }, NOW);
      const grown = { ...gap, to: at('10:20:00'), events: 9 };
      const second = await another();
      await second.record({ ...nothing, sealGaps: [grown] }, NOW);
      const seen = async (from: string, to: string) =>
        (await second.report({ from: at(from), to: at(to) })).sealGaps;
      assert.deepEqual(await seen('00:00:00', '12:00:00'), [grown, other]);
      assert.deepEqual(await seen('10:15:00', '10:16:00'), [grown]);
      assert.deepEqual(await seen('10:20:01', '11:00:00'), []);
      assert.deepEqual(await seen('09:00:00', '10:00:00'), []);
      await second.close();
    },
  },
  {
    name: 'what is old is forgotten, and the rest outlives it',
    async run({ journal }) {
      await journal.record({ ...refusal(at('10:00:00'), 'old', 1), run: RUN }, NOW);
      const later = new Date(Date.parse(NOW) + LIMITS.journalMilliseconds).toISOString() as Instant;
      await journal.record(refusal(NOW, 'new', 1), later);
      const report = await journal.report({ from: at('00:00:00'), to: later });
      assert.deepEqual(report.refusals, [{ kind: 'new', count: 1 }]);
      assert.deepEqual([report.runs, report.hasMoreRuns], [[], false]);
    },
  },
];

/** What every OperationsJournal must do. Run each case; one that rejects is a breach. */
export function operationsJournalContract({
  name,
  open,
}: {
  readonly name: string;
  readonly open: () => Promise<JournalUnderTest>;
}): readonly ContractCase[] {
  return contractCases({ name, cases: CASES, open, run: (each, underTest) => each.run(underTest) });
}
