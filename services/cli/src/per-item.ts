import { LedgerError } from '@stamp-ledger/client';
import { concurrently } from './concurrently.js';
import { describeError, errorJson } from './error-output.js';
import { EXIT, type ExitCode, exitCodeOf, UsageError, worst } from './exit-codes.js';
import type { Item, ItemSource } from './items.js';
import type { Session } from './session.js';

/** What acting on one item gave. */
export interface ItemResult {
  readonly json: unknown;
  /** For one item alone. */
  readonly lines: () => readonly string[];
  /** For one among several. */
  readonly line: () => string;
  readonly code?: ExitCode;
}

/** Requests under way at once when a list is worked through. */
const WIDTH = 16;

/** Acts on one item, or on many with a line for each and the gravest exit code of all. */
export async function perItem(
  session: Session,
  source: ItemSource,
  act: (item: Item) => Promise<ItemResult>,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const width = source.several ? WIDTH : 1;
  const results = concurrently(source.items, width, (item) =>
    source.several ? act(item).catch((error: unknown) => failedItem(item, error)) : act(item),
  );
  for await (const result of results) {
    code = worst(code, result.code ?? EXIT.done);
    await session.output.result(result.json, source.several ? () => [result.line()] : result.lines);
  }
  return code;
}

function failedItem(item: Item, error: unknown): ItemResult {
  if (!(error instanceof LedgerError || error instanceof UsageError)) throw error;
  return {
    json: { serial: item.serial, ...errorJson(error) },
    lines: () => [],
    line: () => `${item.serial}  ${describeError(error)}`,
    code: exitCodeOf(error),
  };
}
