import assert from 'node:assert/strict';
import { PortError, type PortErrorKind } from '@stamp-ledger/ports';

/** One thing that every adapter of a port must do. Runs against an adapter of its own and throws when it does not. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

/** Longest that one case may take: a case that waits for what never comes has failed. */
const CASE_MILLISECONDS = 20_000;

/** Rejects when the work takes longer than `milliseconds`. */
export async function withDeadline<Result>(work: Promise<Result>, milliseconds: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The cases of a suite. Each runs within the deadline against something of its own, which is destroyed after it. */
export function contractCases<
  Case extends { readonly name: string },
  UnderTest extends { destroy(): Promise<void> },
>({
  name,
  cases,
  open,
  run,
  deadline = CASE_MILLISECONDS,
}: {
  /** Of the adapter: it stands before the name of each case. */
  readonly name: string;
  readonly cases: readonly Case[];
  readonly open: () => Promise<UnderTest>;
  readonly run: (each: Case, underTest: UnderTest) => Promise<void>;
  /** Milliseconds. */
  readonly deadline?: number | undefined;
}): readonly ContractCase[] {
  return cases.map((each) => ({
    name: `${name}: ${each.name}`,
    async run() {
      const underTest = await open();
      try {
        await withDeadline(run(each, underTest), deadline);
      } finally {
        await underTest.destroy();
      }
    },
  }));
}

/** A promise that is awaited later: its rejection does not count as unhandled until then. */
export function held<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {});
  return promise;
}

/** Asserts that the call rejects with a {@link PortError} of this kind. */
export const rejectsWith = (kind: PortErrorKind, call: Promise<unknown>): Promise<void> =>
  assert.rejects(call, (error) => error instanceof PortError && error.kind === kind);

/** Asserts that the call rejects as a mistake of the caller: not with a {@link PortError}, which would be retried. */
export const rejectsAsMistake = (call: Promise<unknown>): Promise<void> =>
  assert.rejects(call, (error) => error instanceof Error && !(error instanceof PortError));
