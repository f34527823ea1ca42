import { deriveEventId, stampStream } from '@stamp-ledger/codec';
import type { Instant, MetadataV1, Serial, StampEvent } from '@stamp-ledger/domain';
import type { ExpectedRevision, StreamAppend } from '@stamp-ledger/ports';
import { type CommandSource, commandMetadata } from '../aggregate.js';
import type { Context } from '../context.js';

/** One event for one stamp, as a job writes thousands of: decided beforehand from the stamp's revision. */
export interface StampStep {
  readonly serial: Serial;
  readonly expected: ExpectedRevision;
  readonly source: CommandSource;
  readonly event: StampEvent;
}

/** Steps with what they write, ready to be appended. */
export interface EncodedSteps {
  readonly steps: readonly StampStep[];
  readonly appends: readonly StreamAppend[];
}

export interface AppendedSteps {
  readonly appended: readonly StampStep[];
  /** Their stamps had moved on. */
  readonly conflicted: readonly StampStep[];
}

/**
 * Appends one event to each of many stamps in one call. The event ids come from the command and the stream, so that a
 * repeat after a crash writes nothing twice. Answers which steps conflicted.
 */
export const appendOneEach = (
  context: Pick<Context, 'store' | 'serde'>,
  steps: readonly StampStep[],
  at: Instant,
): Promise<AppendedSteps> => appendEach(context, encodeEach(context, steps, at));

/** The first half of {@link appendOneEach}: recorded at `at`. */
export function encodeEach(
  { serde }: Pick<Context, 'serde'>,
  steps: readonly StampStep[],
  at: Instant,
): EncodedSteps {
  const metadataOf = sharedMetadata(at);
  const appends = steps.map(({ serial, expected, source, event }): StreamAppend => {
    const stream = stampStream(serial);
    const metadata = metadataOf(source);
    // The revision is part of the id: a stamp that left and came back is written to anew, a repeated step is not.
    const revision = expected === 'no-stream' ? 0 : expected + 1;
    const id = deriveEventId(source.commandId, stream, revision);
    return { stream, expected, events: [serde.encode({ id, event, metadata, stream })] };
  });
  return { steps, appends };
}

/** The second half of {@link appendOneEach}. */
export async function appendEach(
  { store }: Pick<Context, 'store'>,
  { steps, appends }: EncodedSteps,
): Promise<AppendedSteps> {
  const results = await store.append(appends);
  const isAppended = (_step: StampStep, index: number): boolean => results[index]?.kind === 'appended';
  return {
    appended: steps.filter(isAppended),
    conflicted: steps.filter((step, index) => !isAppended(step, index)),
  };
}

/** One metadata object for each source, so that it is checked and printed once. */
function sharedMetadata(at: Instant): (source: CommandSource) => Omit<MetadataV1, 'schemaVersion'> {
  const made = new Map<CommandSource, Omit<MetadataV1, 'schemaVersion'>>();
  return (source) => {
    const known = made.get(source);
    if (known !== undefined) return known;
    const metadata = commandMetadata(source, at);
    made.set(source, metadata);
    return metadata;
  };
}
