import { accept, type Decider, type Decision, refuse, unchanged } from './decision.js';
import { refuseDenomination } from './denomination.js';
import type { BatchEvent } from './events.js';
import type { BatchId, Serial } from './ids.js';
import { cannotFollow, impossible } from './invariant.js';
import { sameList } from './list.js';
import { equals } from './money.js';
import { given } from './optional.js';
import { parseSerial } from './serial.js';
import type { Money } from './wire.generated.js';

export interface BatchTerms {
  readonly batchId: BatchId;
  readonly denomination: Money;
  readonly quantity: number;
  readonly series: string;
  /** The issuer's own serials; absent when the ledger derives them with the key `serialKeyId`. */
  readonly serials?: readonly Serial[];
  readonly serialKeyId?: string;
}

export type BatchState =
  | { readonly status: 'none' }
  | ({ readonly status: 'minting' } & BatchTerms)
  | ({
      readonly status: 'minted';
      readonly minted: number;
      readonly conflicts: readonly Serial[];
    } & BatchTerms);

export type BatchCommand =
  | ({ readonly kind: 'open' } & BatchTerms)
  | { readonly kind: 'complete'; readonly minted: number; readonly conflicts: readonly Serial[] };

/** Serials named in one refusal, at most: enough to find the fault, small enough for an answer. */
const NAMED_SERIALS = 10;

/** Stamps minted together: stream `batch-<batchId>`. */
export const batchDecider: Decider<BatchState, BatchCommand, BatchEvent> = {
  initialState: { status: 'none' },
  decide: (state, command) => (command.kind === 'open' ? open(state, command) : complete(state, command)),
  evolve,
};

function open(state: BatchState, command: Extract<BatchCommand, { kind: 'open' }>): Decision<BatchEvent> {
  if (state.status !== 'none') {
    return sameTerms(state, command)
      ? unchanged
      : refuse('batch-exists', 'A batch with this identifier exists with other terms.', {
          state: state.status,
        });
  }
  const refusal = refuseDenomination(command.denomination) ?? refuseSerials(command);
  if (refusal !== undefined) return refusal;
  const { batchId, denomination, quantity, series } = command;
  return accept({
    type: 'BatchOpened',
    data: {
      batchId,
      denomination,
      quantity,
      series,
      ...given('serials', command.serials === undefined ? undefined : [...command.serials]),
      ...given('serialKeyId', command.serialKeyId),
    },
  });
}

function complete(
  state: BatchState,
  command: Extract<BatchCommand, { kind: 'complete' }>,
): Decision<BatchEvent> {
  const { minted, conflicts } = command;
  switch (state.status) {
    case 'none':
      return refuse('unknown-batch', 'There is no such batch.');
    case 'minting':
      return accept({
        type: 'BatchCompleted',
        data: {
          batchId: state.batchId,
          minted,
          ...given('conflicts', conflicts.length === 0 ? undefined : [...conflicts]),
        },
      });
    case 'minted':
      return state.minted === minted && sameList(state.conflicts, conflicts)
        ? unchanged
        : refuse('wrong-state', 'This batch was completed with another result.', { state: state.status });
  }
}

function evolve(state: BatchState, event: BatchEvent): BatchState {
  switch (event.type) {
    case 'BatchOpened': {
      if (state.status !== 'none') return cannotFollow(event.type, `status ${state.status} of a batch`);
      const { batchId, denomination, quantity, series, serials, serialKeyId } = event.data;
      return {
        status: 'minting',
        batchId: batchId as BatchId,
        denomination,
        quantity,
        series,
        ...given('serials', serials as Serial[] | undefined),
        ...given('serialKeyId', serialKeyId),
      };
    }
    case 'BatchCompleted': {
      if (state.status !== 'minting' || state.batchId !== event.data.batchId) {
        return cannotFollow(event.type, `status ${state.status} of a batch`);
      }
      const conflicts = (event.data.conflicts ?? []) as Serial[];
      return { ...state, status: 'minted', minted: event.data.minted, conflicts };
    }
    default:
      return impossible(event);
  }
}

/** The key is the ledger's own choice, made when the batch was first opened, so it is no term of the issuer's. */
function sameTerms(state: BatchTerms, command: BatchTerms): boolean {
  return (
    state.batchId === command.batchId &&
    state.quantity === command.quantity &&
    state.series === command.series &&
    equals(state.denomination, command.denomination) &&
    sameList(state.serials, command.serials)
  );
}

function refuseSerials(terms: BatchTerms): ReturnType<typeof refuse> | undefined {
  const { serials, quantity } = terms;
  if (serials === undefined) return undefined;
  if (serials.length !== quantity) {
    return refuse(
      'serials-quantity-mismatch',
      'A batch that brings its own serials must bring one for each stamp.',
      {
        quantity,
        serials: serials.length,
      },
    );
  }
  const duplicates = duplicatesOf(serials);
  if (duplicates.length > 0) {
    return refuse('duplicate-serial', 'A serial occurs more than once in this batch.', {
      serials: duplicates.slice(0, NAMED_SERIALS),
    });
  }
  const malformed = serials.filter((serial) => !isCanonical(serial));
  if (malformed.length > 0) {
    return refuse('malformed-serial', 'A serial of this batch is malformed.', {
      serials: malformed.slice(0, NAMED_SERIALS),
    });
  }
  return undefined;
}

function isCanonical(serial: Serial): boolean {
  const parsed = parseSerial(serial);
  return parsed.ok && parsed.serial === serial;
}

function duplicatesOf(serials: readonly Serial[]): readonly Serial[] {
  const seen = new Set<Serial>();
  const duplicates = new Set<Serial>();
  for (const serial of serials) {
    if (seen.has(serial)) duplicates.add(serial);
    seen.add(serial);
  }
  return [...duplicates];
}
