import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { LedgerClient } from '@stamp-ledger/client';
import { concurrently } from '../concurrently.js';
import { EXIT, type ExitCode, worst } from '../exit-codes.js';
import { CLI_LIMITS } from '../limits.js';
import type { FileRecord } from '../records.js';
import { type BackfillFacts, type LateLine, lateLine } from './late-line.js';
import { type LateResult, recordLate } from './record-late.js';

export interface BackfillSummary {
  readonly recorded: number;
  readonly already: number;
  readonly conflict: number;
  readonly unreadable: number;
  readonly unsent: number;
  /** Where conflicts and unreadable lines were put for a person; absent when there is none. */
  readonly quarantine?: string;
  readonly code: ExitCode;
}

export interface BackfillRequest {
  readonly client: Pick<LedgerClient, 'stamps' | 'orders' | 'audit'>;
  readonly records: AsyncIterable<FileRecord>;
  readonly facts: BackfillFacts;
  /** File that is written anew, as JSON lines. */
  readonly quarantine: string;
  readonly onResult: (result: LateResult) => Promise<void>;
}

/**
 * Records every line of a file of late facts, a bounded number at a time, and answers for each. A line that was recorded
 * before is so again without effect, so a run that was cut off is simply repeated. What the ledger refuses goes to the
 * quarantine file with the reason; no line is dropped.
 */
export async function backfill({
  client,
  records,
  facts,
  quarantine,
  onResult,
}: BackfillRequest): Promise<BackfillSummary> {
  const counts = { recorded: 0, already: 0, conflict: 0, unreadable: 0, unsent: 0 };
  let code: ExitCode = EXIT.done;
  const kept = new Quarantine(quarantine);
  const inOrder = new InOrder();
  const results = concurrently(records, CLI_LIMITS.width, async (record) => {
    const line = lateLine(record, facts);
    return { record, result: await inOrder.run(subjectOf(line), () => recordLate(client, line)) };
  });
  try {
    for await (const { record, result } of results) {
      counts[result.kind] += 1;
      code = worst(code, codeOf(result));
      if (result.kind === 'conflict' || result.kind === 'unreadable') await kept.add(record, result);
      await onResult(result);
    }
  } finally {
    await kept.close();
  }
  return { ...counts, ...(kept.isEmpty ? {} : { quarantine }), code };
}

/** The stamp or order that a line is about: facts about one are recorded in the order of the file. */
function subjectOf(line: LateLine): string | undefined {
  if (line.kind === 'unreadable') return undefined;
  return line.command.kind === 'payment' ? line.command.orderId : line.command.serial;
}

/** Runs work on one subject one after the other, and on different ones side by side. */
class InOrder {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<Result>(subject: string | undefined, work: () => Promise<Result>): Promise<Result> {
    if (subject === undefined) return work();
    const before = this.#last.get(subject) ?? Promise.resolve();
    const result = before.then(work, work);
    this.#last.set(subject, result);
    try {
      return await result;
    } finally {
      if (this.#last.get(subject) === result) this.#last.delete(subject);
    }
  }
}

function codeOf(result: LateResult): ExitCode {
  switch (result.kind) {
    case 'recorded':
    case 'already':
      return EXIT.done;
    case 'conflict':
    case 'unreadable':
      return EXIT.negative;
    case 'unsent':
      return result.code;
  }
}

/** Lines for a person, each with why; the file is made with the first one. */
class Quarantine {
  #stream: ReturnType<typeof createWriteStream> | undefined;

  constructor(private readonly path: string) {}

  get isEmpty(): boolean {
    return this.#stream === undefined;
  }

  async add(record: FileRecord, result: LateResult): Promise<void> {
    if (this.#stream === undefined) {
      this.#stream = createWriteStream(this.path, { mode: 0o600 });
      await once(this.#stream, 'open');
    }
    const fields = record.kind === 'record' ? { fields: record.fields } : {};
    if (!this.#stream.write(`${JSON.stringify({ ...result, ...fields })}\n`))
      await once(this.#stream, 'drain');
  }

  async close(): Promise<void> {
    if (this.#stream === undefined) return;
    this.#stream.end();
    await once(this.#stream, 'close');
  }
}
