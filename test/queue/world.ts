import { type Caller, type Context, createContext, createLedger, type Ledger } from '@stamp-ledger/app';
import { deriveCommandId, serialDeriver, sha256Hex, ticketSealer } from '@stamp-ledger/codec';
import type { Channel, Instant, PlaceOrder } from '@stamp-ledger/domain';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import type { EventStore, KeptOut, OrderIntake, Runtime } from '@stamp-ledger/ports';
import { openEmbeddedReadModels } from '@stamp-ledger/wiring';
import { temporaryDirectory } from '../support/server.js';

export const START = Date.parse('2024-09-06T14:00:00Z');

/** A clock that stands still until it is moved: whoever sleeps wakes at the next step. */
class StepClock {
  #now = START;
  #sleepers: (() => void)[] = [];
  #asleep: (() => void) | undefined;

  readonly clock: Runtime['clock'] = {
    now: () => new Date(this.#now).toISOString() as Instant,
    monotonicMilliseconds: () => this.#now,
    sleep: (milliseconds, signal) =>
      milliseconds === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            const wake = (): void => {
              signal?.removeEventListener('abort', wake);
              resolve();
            };
            this.#sleepers.push(wake);
            signal?.addEventListener('abort', wake);
            this.#asleep?.();
          }),
  };

  instant(seconds: number): string {
    return new Date(START + seconds * 1_000).toISOString();
  }

  /** Resolves when so many sleep. */
  async allAsleep(count: number): Promise<void> {
    while (this.#sleepers.length < count)
      await new Promise<void>((resolve) => {
        this.#asleep = resolve;
      });
  }

  step(seconds: number): void {
    this.#now += seconds * 1_000;
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const wake of sleepers) wake();
  }
}

/** One process that takes orders. */
interface Copy {
  readonly ledger: Ledger;
  /** Orders on their way through this process. */
  readonly flow: Context['orderFlow'];
  stop(): Promise<void>;
}

interface Measured {
  readonly keptOut: () => KeptOut;
  readonly opensUnderPressure?: boolean;
}

/** Whoever presses is of the line, unless said otherwise. */
type Intake = Omit<OrderIntake, 'isPressedByLine'> & Partial<OrderIntake>;

/** Several processes of one ledger on one log, on a clock of the test's. */
export interface QueueWorld {
  readonly time: StepClock;
  readonly store: EventStore;
  start(given?: Intake | Measured): Copy;
  /** Lets every process take this many steps of a second. */
  steps(count: number): Promise<void>;
  close(): Promise<void>;
}

/** `openStore`: another log than the embedded one; the waiting room asks no read model. */
export async function queueWorld(openStore?: () => Promise<EventStore>): Promise<QueueWorld> {
  const { directory, remove } = temporaryDirectory();
  const embedded = await openEmbeddedEventStore({
    directory,
    onFatal: (error) => {
      throw error;
    },
  });
  const store = (await openStore?.()) ?? embedded;
  const time = new StepClock();
  const readModels = await openEmbeddedReadModels({ directory, store: embedded, now: time.clock.now });
  let ids = 0;
  const runtime: Runtime = {
    clock: time.clock,
    ids: { commandId: () => deriveCommandId('queue-test', String(ids++)) },
    serials: serialDeriver(Buffer.alloc(32, 7)),
    tickets: ticketSealer(Buffer.alloc(32, 9)),
  };
  const running = new Set<Copy>();
  return {
    time,
    store,
    start: (given = steady(10)) => {
      const context = createContext({ store, readModels, runtime });
      const ledger = createLedger(context);
      const stopping = new AbortController();
      const run = ledger.queue.run({
        signal: stopping.signal,
        ...('keptOut' in given ? given : { intake: { isPressedByLine: given.isPressed, ...given } }),
        onPortError: (error) => {
          throw error;
        },
      });
      const copy: Copy = {
        ledger,
        flow: context.orderFlow,
        stop: async () => {
          running.delete(copy);
          stopping.abort();
          await run;
        },
      };
      running.add(copy);
      return copy;
    },
    steps: async (count) => {
      for (let step = 0; step < count; step++) {
        await time.allAsleep(running.size);
        time.step(1);
      }
      await time.allAsleep(running.size);
    },
    close: async () => {
      for (const copy of running) await copy.stop();
      await readModels.close();
      if (store !== embedded) await store.close();
      await embedded.close();
      remove();
    },
  };
}

export const steady = (perSecond: number): Intake => ({
  capacity: () => perSecond,
  isPressed: () => false,
});

let commands = 0;
/** A caller with a command of its own. */
export function by(actor: string, channel?: string): Caller {
  const commandId = deriveCommandId('queue-test', 'caller', String(commands++));
  return {
    actor,
    commandId,
    correlationId: commandId,
    requestHash: sha256Hex(commandId),
    ...(channel === undefined ? {} : { actingChannel: channel as Channel }),
  };
}

/** What an order comes with where there is room for it. */
export const showing = (ticket: string | undefined) => ({ ticket, isFull: false });

export const orderOf = (channel: string, holder = 'buyer'): PlaceOrder => ({
  channel,
  holder,
  denomination: { amount: '10000', currency: 'IDR' },
  quantity: 1,
});
