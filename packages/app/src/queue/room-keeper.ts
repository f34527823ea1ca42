import { QUEUE_STREAM, roomStream, toMilliseconds } from '@stamp-ledger/codec';
import {
  type Arrivals,
  type Channel,
  type CommandId,
  type Instant,
  isHeldBack,
  type OpenRoom,
  type Place,
  type QueueState,
  queueDecider,
  type RoomId,
  type RoomState,
  roomDecider,
  waitingIn,
} from '@stamp-ledger/domain';
import { LIMITS, type OrderIntake, PortError } from '@stamp-ledger/ports';
import type { CommandSource } from '../aggregate.js';
import type { Context } from '../context.js';
import { fromProcess } from '../sources.js';
import { UntoldArrivals } from './arrivals.js';
import { openingBefore, secondOf, weightsAt } from './openings.js';
import { Overbooking } from './overbooking.js';

/** What this process tells the log, until it knows that it was told. */
interface Telling {
  readonly roomId: RoomId;
  readonly source: CommandSource;
  readonly arrivals: readonly Arrivals[];
  readonly perSecond: number;
  readonly at: Instant;
}

/**
 * The waiting room as this process knows it, at most a step old, and its part in moving it on. What all processes have to
 * agree on is in the log; this one holds only the tickets that it gave since its last step.
 */
export class RoomKeeper {
  #queue: QueueState = queueDecider.initialState;
  #room: RoomState = roomDecider.initialState;
  /** Found once a step: every order that comes asks for it, and there may be thousands of lines. */
  #isHeldBack = isHeldBack(this.#room);
  #loading: Promise<void> | undefined;
  #isLoaded = false;
  readonly #untold = new UntoldArrivals();
  #telling: Telling | undefined;
  #pressedSince: number | undefined;
  #busyAt: number;
  #perSecond: number = LIMITS.firstOrdersPerSecond;
  readonly #overbooking = new Overbooking();
  readonly #copy: CommandId;

  constructor(private readonly context: Context) {
    this.#copy = context.runtime.ids.commandId();
    this.#busyAt = context.runtime.clock.monotonicMilliseconds();
  }

  get openings(): QueueState['openings'] {
    return this.#queue.openings;
  }

  /** Undefined while orders need no ticket. */
  get open(): OpenRoom | undefined {
    return this.#queue.room;
  }

  /**
   * Whether an order is only taken with a ticket: the places of an announced opening are drawn. A room that opened under
   * pressure only gives those who hold one the precedence: to keep others out of what they leave would serve nobody sooner.
   */
  get isStrict(): boolean {
    return this.#queue.room?.cause === 'opening';
  }

  get room(): RoomState {
    return this.#room;
  }

  /** A room that closed lately, as it was left; undefined for any other. */
  async closed(roomId: RoomId): Promise<RoomState | undefined> {
    const { room, closed } = this.#queue;
    if (room?.roomId === roomId || !closed.includes(roomId)) return undefined;
    return (await this.context.aggregates.rooms.load(roomStream(roomId))).state;
  }

  /** Tickets a second that this process would let in by itself: what is to be expected before anybody was let in. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** Tickets before a place that the log has not been told of. */
  untoldBefore(place: Place): number {
    return this.#untold.ahead(place);
  }

  weights(at: Instant): ReadonlyMap<Channel, number> {
    return weightsAt(this.openings, at);
  }

  /** Reads the log when it was never read. */
  async known(): Promise<void> {
    if (!this.#isLoaded) await this.refresh();
  }

  refresh(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** A ticket was given. */
  arrived(channel: Channel, at: Instant): void {
    this.#untold.add(channel, secondOf(this.openings, at));
  }

  /** One step: opens, moves or closes the room as far as it is due. */
  async step(intake: OrderIntake, opensUnderPressure: boolean): Promise<void> {
    await this.refresh();
    const isPressed = this.#watchPressure(intake);
    this.#look(intake);
    const { room } = this.#queue;
    if (room === undefined) await this.#openIfDue(isPressed && opensUnderPressure);
    else await this.#move(room);
  }

  /** What this process gave and has not told: those tickets would else be let in without a turn. */
  async tellLast(): Promise<void> {
    const { room } = this.#queue;
    if (room !== undefined && (this.#telling !== undefined || !this.#untold.isEmpty)) await this.#move(room);
  }

  /** Looked at while nobody needs a ticket too: what was done then is known when the room opens. */
  #look(intake: OrderIntake): void {
    const capacity = intake.capacity();
    const { clock } = this.context.runtime;
    if (intake.came !== undefined)
      this.#overbooking.observe({
        now: clock.monotonicMilliseconds(),
        came: intake.came(),
        capacity,
        isAlone: [...this.#room.copies.keys()].every((copy) => copy === this.#copy),
        isHeldBack: this.#queue.room !== undefined && this.#isHeldBack,
        isPressedByLine: intake.isPressedByLine(),
      });
    // Before anything was measured it is little, not nothing: what is let in shows how much more there is.
    this.#perSecond = Math.min(
      LIMITS.mostOrdersPerSecond,
      Math.max(LIMITS.leastOrdersPerSecond, Math.floor(capacity * this.#overbooking.factor)),
    );
  }

  async #load(): Promise<void> {
    const { queue, rooms } = this.context.aggregates;
    const { state } = await queue.load(QUEUE_STREAM);
    const room =
      state.room === undefined
        ? roomDecider.initialState
        : (await rooms.load(roomStream(state.room.roomId))).state;
    // Up to here tickets were given for the room that was known.
    if (state.room?.roomId !== this.#queue.room?.roomId) this.#untold.clear();
    this.#queue = state;
    this.#sees(room);
    this.#isLoaded = true;
  }

  #sees(room: RoomState): void {
    this.#room = room;
    this.#isHeldBack = isHeldBack(room);
  }

  /** True when more orders have come than can be taken for long enough. */
  #watchPressure(intake: OrderIntake): boolean {
    const now = this.context.runtime.clock.monotonicMilliseconds();
    if (!intake.isPressed()) {
      this.#pressedSince = undefined;
      return false;
    }
    this.#busyAt = now;
    this.#pressedSince ??= now;
    return now - this.#pressedSince >= LIMITS.roomPressureMilliseconds;
  }

  async #openIfDue(isPressed: boolean): Promise<void> {
    const { clock } = this.context.runtime;
    const opening = openingBefore(this.openings, clock.now());
    if (opening === undefined && !isPressed) return;
    const { queue } = this.context.aggregates;
    const { head } = await queue.load(QUEUE_STREAM);
    // Named by what it follows: processes that open it at the same time open one room.
    const source = fromProcess('waiting-room', 'open', String(head));
    await queue.execute({
      stream: QUEUE_STREAM,
      source,
      command: () => ({
        kind: 'open-room',
        roomId: source.commandId as string as RoomId,
        ...(opening === undefined
          ? { cause: 'pressure' }
          : { cause: 'opening', openingId: opening.openingId }),
      }),
    });
    this.#busyAt = clock.monotonicMilliseconds();
    await this.refresh();
  }

  /** What is told later than its second may be let in without a turn: so as many events as it takes, up to a bound. */
  async #move(room: OpenRoom): Promise<void> {
    let tellings = 0;
    do await this.#tell(room);
    while (!this.#untold.isEmpty && ++tellings < LIMITS.roomTellings);
  }

  async #tell({ roomId }: OpenRoom): Promise<void> {
    const { clock, ids } = this.context.runtime;
    if (this.#telling?.roomId !== roomId) this.#telling = undefined;
    const at = clock.now();
    const telling: Telling = this.#telling ?? {
      roomId,
      source: fromProcess('waiting-room', ids.commandId()),
      arrivals: this.#untold.take(),
      perSecond: this.#perSecond,
      at,
    };
    // Kept until the log has answered: told again under the same name, the same tickets are counted once.
    this.#telling = telling;
    const isWaited = waitingIn(this.#room).some(({ waiting }) => waiting > 0);
    if (telling.arrivals.length > 0 || isWaited) await this.#advance(telling);
    this.#telling = undefined;
    const isAhead = openingBefore(this.openings, at) !== undefined;
    const now = clock.monotonicMilliseconds();
    // That tickets are taken is no reason to stay open: while it is, everybody takes one.
    if (isAhead || this.#isHeldBack) this.#busyAt = now;
    else if (now - this.#busyAt >= LIMITS.roomQuietMilliseconds) await this.#close(roomId);
  }

  async #advance({ roomId, source, arrivals, perSecond, at }: Telling): Promise<void> {
    const command = {
      kind: 'advance',
      roomId,
      copy: this.#copy,
      atMilliseconds: toMilliseconds(at),
      perSecond,
      arrivals,
      weights: this.weights(at),
    } as const;
    // Nobody is due yet: nothing worth an event.
    if (roomDecider.decide(this.#room, command).kind !== 'accepted') return;
    const { rooms } = this.context.aggregates;
    const result = await rooms.execute({ stream: roomStream(roomId), source, command: () => command });
    if (result.kind === 'done') this.#sees(result.state);
  }

  async #close(roomId: RoomId): Promise<void> {
    await this.context.aggregates.queue.execute({
      stream: QUEUE_STREAM,
      source: fromProcess('waiting-room', 'close', roomId),
      command: () => ({ kind: 'close-room', roomId }),
    });
    await this.refresh();
  }
}

/** Steps until `signal` aborts, and tells what it has not told. A log that is away is waited for; the room stands still meanwhile, as orders do. */
export async function keepRoom(
  keeper: RoomKeeper,
  {
    clock,
    intake,
    opensUnderPressure,
    signal,
    onPortError,
  }: {
    readonly clock: Context['runtime']['clock'];
    readonly intake: OrderIntake;
    readonly opensUnderPressure: boolean;
    readonly signal: AbortSignal;
    readonly onPortError: (error: PortError) => void;
  },
): Promise<void> {
  const unlessAway = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (!signal.aborted) onPortError(error);
    }
  };
  while (!signal.aborted) {
    await unlessAway(keeper.step(intake, opensUnderPressure));
    await clock.sleep(LIMITS.roomStepMilliseconds, signal);
  }
  await unlessAway(keeper.tellLast());
}
