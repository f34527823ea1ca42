import {
  allocationStream,
  batchStream,
  deriveCommandId,
  deriveEventId,
  fromMilliseconds,
  orderStream,
  type StreamName,
  serde,
  serialDeriver,
  sha256Hex,
  stampStream,
} from '@stamp-ledger/codec';
import type {
  AllocationId,
  BatchId,
  EventOf,
  EventType,
  Instant,
  MetadataV1,
  OrderId,
  Serial,
} from '@stamp-ledger/domain';
import type { StreamAppend } from '@stamp-ledger/ports';

export const CHANNEL = 'north';
export const DENOMINATION = { amount: '10000', currency: 'IDR' } as const;
export const SERIES = '2024';
/** As many as one batch, or one allocation, may have; more stamps come in several. */
const BATCH_STAMPS = 1_000_000;
/** Any key will do: the same one makes the same serials in every run. */
export const SERIAL_KEY = Buffer.alloc(32, 7);
const SERIALS = serialDeriver(SERIAL_KEY);
const START_MILLISECONDS = Date.UTC(2024, 8, 6);
/** Stamps that go through a stage together, as they do in a ledger at work. */
const WAVE = 2_000;

/** How many of the stamps come so far in their lives; each stage begins with the first stamp. */
export interface Lives {
  readonly minted: number;
  readonly allocated: number;
  readonly sold: number;
  readonly affixed: number;
  /** Each stamp is sold by an order of its own: placed, paid, sold, fulfilled. Otherwise over the counter. */
  readonly ordered?: boolean;
}

const numberOf = (index: number): number => Math.floor(index / BATCH_STAMPS);
/** The name of a batch and of its allocation. */
const nameOf = (number: number): string => (number === 0 ? 'bench-seed' : `bench-seed-${number}`);

export const serialAt = (index: number): Serial =>
  SERIALS.derive(nameOf(numberOf(index)) as BatchId, index % BATCH_STAMPS);

/** Events in the log of such lives, beside the four of each batch and its allocation. */
export const eventsOf = ({ minted, allocated, sold, affixed, ordered = false }: Lives): number =>
  minted + allocated + (ordered ? 4 : 1) * sold + affixed;

/** The log of these lives, in pieces that may be appended one after another. */
export function* appendsOf(lives: Lives): Generator<StreamAppend> {
  const clock = new LogClock();
  for (let number = 0; number * BATCH_STAMPS < lives.minted; number++) yield* batch(lives, number, clock);
}

function* batch(lives: Lives, number: number, clock: LogClock): Generator<StreamAppend> {
  const name = nameOf(number);
  const first = number * BATCH_STAMPS;
  const of = (stamps: number): number => Math.min(Math.max(stamps - first, 0), BATCH_STAMPS);
  const [batchId, allocationId] = [name as BatchId, name as AllocationId];
  const [minted, allocated] = [of(lives.minted), of(lives.allocated)];
  const command = (what: string): Metadata => metadataOf(clock, number === 0 ? what : `${what} ${number}`);
  yield append(batchStream(batchId), 'no-stream', command('open batch'), {
    type: 'BatchOpened',
    data: {
      batchId,
      denomination: DENOMINATION,
      quantity: minted,
      series: SERIES,
      serialKeyId: SERIALS.keyId,
    },
  });
  yield append(allocationStream(allocationId), 'no-stream', command('request allocation'), {
    type: 'AllocationRequested',
    data: {
      allocationId,
      channel: CHANNEL,
      denomination: DENOMINATION,
      quantity: Math.max(1, allocated),
    },
  });
  for (let from = first; from < first + minted; from += WAVE) yield* wave(lives, from, clock);
  yield append(batchStream(batchId), 0, command('complete batch'), {
    type: 'BatchCompleted',
    data: { batchId, minted },
  });
  yield append(allocationStream(allocationId), 0, command('complete allocation'), {
    type: 'AllocationCompleted',
    data: { allocationId, allocated },
  });
}

function* wave(lives: Lives, from: number, clock: LogClock): Generator<StreamAppend> {
  const name = nameOf(numberOf(from));
  const [batchId, allocationId] = [name as BatchId, name as AllocationId];
  const chunk = metadataOf(clock, `chunk ${from}`);
  for (const index of within(from, lives.minted)) {
    const serial = serialAt(index);
    const data = { serial, batchId, series: SERIES, denomination: DENOMINATION, index: index % BATCH_STAMPS };
    yield append(stampStream(serial), 'no-stream', chunk, { type: 'StampMinted', data });
  }
  const allocation = metadataOf(clock, `allocation ${from}`);
  for (const index of within(from, lives.allocated)) {
    const serial = serialAt(index);
    const data = { serial, allocationId, channel: CHANNEL };
    yield append(stampStream(serial), 0, allocation, { type: 'StampAllocated', data });
  }
  for (const index of within(from, lives.sold)) {
    if (lives.ordered === true) yield* order(index, clock);
    else yield sale(index, clock);
  }
  for (const index of within(from, lives.affixed)) {
    const serial = serialAt(index);
    const data = { serial, document: { sha256: sha256Hex(`document ${index}`), type: 'application/pdf' } };
    yield append(stampStream(serial), 2, metadataOf(clock, `affixing ${index}`), {
      type: 'StampAffixed',
      data,
    });
  }
}

const holderOf = (index: number): string => `holder-${index}`;

function sale(index: number, clock: LogClock): StreamAppend {
  const serial = serialAt(index);
  const data = { serial, channel: CHANNEL, holder: holderOf(index) };
  return append(stampStream(serial), 1, metadataOf(clock, `sale ${index}`), { type: 'StampSold', data });
}

function* order(index: number, clock: LogClock): Generator<StreamAppend> {
  const serial = serialAt(index);
  const orderId = `seed-${index}` as OrderId;
  const stream = orderStream(orderId);
  const buyer = { channel: CHANNEL, holder: holderOf(index) };
  const payment = {
    reference: `payment-${index}`,
    paidAt: fromMilliseconds(START_MILLISECONDS),
    ...DENOMINATION,
  };
  const placing = metadataOf(clock, `order ${index}`);
  yield append(stream, 'no-stream', placing, {
    type: 'OrderPlaced',
    data: { orderId, ...buyer, denomination: DENOMINATION, quantity: 1 },
  });
  yield append(stream, 0, placing, { type: 'OrderPaid', data: { orderId, payment } }, 1);
  const selling = metadataOf(clock, `fulfilling ${index}`);
  yield append(stampStream(serial), 1, selling, { type: 'StampSold', data: { serial, ...buyer, orderId } });
  yield append(stream, 1, selling, { type: 'OrderFulfilled', data: { orderId, serials: [serial] } });
}

function* within(from: number, count: number): Generator<number> {
  for (let index = from; index < Math.min(from + WAVE, count); index++) yield index;
}

type Metadata = Omit<MetadataV1, 'schemaVersion'>;

/** Times rise along the log, a millisecond a command, as the ledger's own clock sees to. */
class LogClock {
  #milliseconds = START_MILLISECONDS;

  tick(): Instant {
    return fromMilliseconds(this.#milliseconds++);
  }
}

function metadataOf(clock: LogClock, command: string): Metadata {
  const commandId = deriveCommandId('bench', command);
  const at = clock.tick();
  return {
    commandId,
    correlationId: commandId,
    causationId: commandId,
    actor: 'bench',
    requestHash: sha256Hex(command),
    occurredAt: at,
    recordedAt: at,
  };
}

function append(
  stream: StreamName,
  expected: StreamAppend['expected'],
  metadata: Metadata,
  event: EventOf<EventType>,
  index = 0,
): StreamAppend {
  const id = deriveEventId(metadata.commandId as Parameters<typeof deriveEventId>[0], stream, index);
  return { stream, expected, events: [serde.encode({ id, event, metadata, stream })] };
}
