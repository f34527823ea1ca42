import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerReadableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { DoubleLog, type Expected, type NewEvent, type StoredEvent, type Written } from './log.js';
import {
  appendMessage,
  eventMessage,
  featuresMessage,
  gossipMessage,
  notFoundMessage,
  notLeaderError,
  proposedEvent,
  serviceError,
  streamName,
} from './messages.js';
import { SERVICES, type streams } from './stubs.js';
import { type ReadCall, Subscription } from './subscription.js';

type AppendCall = ServerReadableStream<
  InstanceType<typeof streams.AppendReq>,
  InstanceType<typeof streams.AppendResp>
>;
type AppendAnswer = sendUnaryData<InstanceType<typeof streams.AppendResp>>;
type ReadOptions = InstanceType<typeof streams.ReadReq.Options>;

/** What the double can be made to do wrong, all off by default. A number is the calls it is done to. */
export interface Misbehaviour {
  /** Takes appends, and neither writes nor answers. */
  readonly silentAppends?: number;
  /** Takes appends, and writes them `lateMilliseconds` later, whether or not the caller still waits. */
  readonly commitsLate?: number;
  readonly lateMilliseconds?: number;
  /** Writes, and never answers. */
  readonly unansweredAppends?: number;
  /** Writes, and the connection is gone before the answer. */
  readonly lostAnswers?: number;
  /** Appends are for another node: the one with this port. */
  readonly notLeader?: number;
  readonly leaderPort?: number;
  readonly slowMilliseconds?: number;
  readonly silentReads?: number;
  readonly unavailableReads?: number;
  /** Subscriptions confirm and then never say a word, until this is put back. */
  readonly silentSubscriptions?: boolean;
  readonly checkpointEvery?: number;
  /** Finds no members of the cluster. */
  readonly noMembers?: boolean;
  /** An event of the server's own goes before every so many appends. */
  readonly systemEventEvery?: number;
  /** Repeated appends are answered without a position. */
  readonly noPositions?: boolean;
  /** Events of which only some are there are an error of their own instead of a wrong version. */
  readonly corruptedIdempotency?: boolean;
}

/** A user that a server with TLS knows. Nobody else is let in. */
export interface DoubleUser {
  readonly name: string;
  readonly password: string;
  /** On the streams of users, and on `$all`, which is apart from them. */
  readonly rights: readonly ('read' | 'write' | 'read-all')[];
}

export interface DoubleSecurity {
  readonly key: Buffer;
  readonly certificate: Buffer;
  readonly users: readonly DoubleUser[];
}

export interface EventStoreDouble {
  readonly url: string;
  readonly discoverUrl: string;
  readonly port: number;
  readonly calls: Readonly<Record<CallName, number>>;
  /** Appends that were written late. */
  readonly lateCommits: number;
  /** Subscriptions open now. */
  readonly subscriptions: number;
  /** Sets what it does wrong; everything not named is put right. */
  misbehave(how: Misbehaviour): void;
  endSubscriptions(how: 'cleanly' | 'with-error'): void;
  /** Writes to any stream, past every check, as others do on a shared server. */
  write(stream: string, ...events: readonly Partial<NewEvent>[]): void;
  stop(): Promise<void>;
  /** Stops, forgets what is in memory, and serves the same directory on the same port. */
  restart(): Promise<void>;
}

export type CallName = 'append' | 'batchAppend' | 'read' | 'subscribe' | 'gossip' | 'features' | 'delete';

/** A server with the protocol of EventStoreDB, for tests: what it acknowledges outlives its process. */
export async function startEventStoreDouble(request: {
  readonly directory: string;
  readonly port?: number;
  /** Absent for a server that lets everybody do everything, without TLS. */
  readonly security?: DoubleSecurity;
}): Promise<EventStoreDouble> {
  const double = new Double(request.directory, request.security);
  await double.start(request.port ?? 0);
  return double;
}

class Double implements EventStoreDouble {
  readonly calls = { append: 0, batchAppend: 0, read: 0, subscribe: 0, gossip: 0, features: 0, delete: 0 };
  readonly #directory: string;
  readonly #subscriptions = new Set<Subscription>();
  #log: DoubleLog | undefined;
  #server: Server | undefined;
  #how: { -readonly [Name in keyof Misbehaviour]: Misbehaviour[Name] } = {};
  #pushing = false;
  port = 0;
  lateCommits = 0;

  constructor(
    directory: string,
    private readonly security: DoubleSecurity | undefined,
  ) {
    this.#directory = directory;
  }

  get url(): string {
    return `esdb://127.0.0.1:${this.port}${this.security === undefined ? '?tls=false' : ''}`;
  }

  get discoverUrl(): string {
    return `esdb+discover://127.0.0.1:${this.port}?tls=false&maxDiscoverAttempts=1&discoveryInterval=10&gossipTimeout=1`;
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  misbehave(how: Misbehaviour): void {
    this.#how = { ...how };
    for (const subscription of this.#subscriptions) subscription.silent = how.silentSubscriptions === true;
  }

  endSubscriptions(how: 'cleanly' | 'with-error'): void {
    for (const subscription of [...this.#subscriptions])
      subscription.end(how === 'cleanly' ? undefined : serviceError(status.UNAVAILABLE, 'dropped'));
  }

  write(stream: string, ...events: readonly Partial<NewEvent>[]): void {
    const full = events.map((event) => ({
      id: '00000000-0000-4000-8000-000000000002',
      type: '$statsCollected',
      contentType: 'application/json',
      data: Buffer.from('{"free":1.5}'),
      metadata: Buffer.from(''),
      ...event,
    }));
    this.#opened().append(stream, 'any', full);
    this.#push();
  }

  async start(port: number): Promise<void> {
    this.#log = new DoubleLog(this.#directory);
    const server = new Server({
      'grpc.max_receive_message_length': 20 * 1024 * 1024,
      'grpc.max_concurrent_streams': 10_000,
    });
    this.#server = server;
    const refuse = (_call: unknown, answer: sendUnaryData<never>): void => {
      this.calls.delete++;
      answer(serviceError(status.PERMISSION_DENIED, 'nothing is ever deleted'));
    };
    server.addService(SERVICES.streams, {
      append: (call: AppendCall, answer: AppendAnswer) => this.#append(call, answer),
      read: (call: ReadCall) => this.#read(call),
      // As a silent server would: the adapter must not call it.
      batchAppend: () => void this.calls.batchAppend++,
      delete: refuse,
      tombstone: refuse,
    });
    server.addService(SERVICES.features, {
      getSupportedMethods: (_call: unknown, answer: sendUnaryData<unknown>) => {
        this.calls.features++;
        answer(null, featuresMessage());
      },
    });
    server.addService(SERVICES.gossip, {
      read: (_call: unknown, answer: sendUnaryData<unknown>) => {
        this.calls.gossip++;
        if (this.#how.noMembers === true) answer(serviceError(status.UNAVAILABLE, 'no quorum'));
        else answer(null, gossipMessage(this.port));
      },
    });
    this.port = await new Promise((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${port}`, this.#serverCredentials(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
  }

  #serverCredentials(): ServerCredentials {
    if (this.security === undefined) return ServerCredentials.createInsecure();
    const { key, certificate } = this.security;
    return ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: certificate }]);
  }

  /** Why the caller may not do it; undefined when it may. */
  #refusal(metadata: Metadata, right: DoubleUser['rights'][number]): ServiceError | undefined {
    if (this.security === undefined) return undefined;
    const [authorization = ''] = metadata.get('authorization').map(String);
    const user = this.security.users.find(
      ({ name, password }) =>
        authorization === `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
    );
    if (user === undefined) return serviceError(status.UNAUTHENTICATED, 'who are you?');
    return user.rights.includes(right)
      ? undefined
      : serviceError(status.PERMISSION_DENIED, `${user.name} may not ${right}`);
  }

  async stop(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.stop();
    this.#subscriptions.clear();
    this.#server?.forceShutdown();
    this.#server = undefined;
    this.#log?.close();
    this.#log = undefined;
  }

  async restart(): Promise<void> {
    const { port } = this;
    await this.stop();
    await this.start(port);
  }

  #opened(): DoubleLog {
    if (this.#log === undefined) throw new Error('the double is stopped');
    return this.#log;
  }

  /** True as many times as was asked for. */
  #once(
    name:
      | 'silentAppends'
      | 'commitsLate'
      | 'unansweredAppends'
      | 'lostAnswers'
      | 'notLeader'
      | 'silentReads'
      | 'unavailableReads',
  ) {
    const left = this.#how[name] ?? 0;
    if (left > 0) this.#how[name] = left - 1;
    return left > 0;
  }

  #append(call: AppendCall, answer: AppendAnswer): void {
    this.calls.append++;
    const refusal = this.#refusal(call.metadata, 'write');
    if (refusal !== undefined) {
      answer(refusal);
      return;
    }
    let stream = '';
    let expected: Expected = 'any';
    const events: NewEvent[] = [];
    call.on('error', () => {});
    call.on('data', (message: InstanceType<typeof streams.AppendReq>) => {
      const options = message.getOptions();
      const proposed = message.getProposedMessage();
      if (options !== undefined) {
        stream = streamName(options.getStreamIdentifier());
        if (options.hasRevision()) expected = Number(options.getRevision());
        else if (options.hasNoStream()) expected = -1;
      } else if (proposed !== undefined) events.push(proposedEvent(proposed));
    });
    const commit = (): void => {
      if (this.#log !== undefined) this.#commit(stream, expected, events, answer);
    };
    call.on('end', () => {
      if (this.#once('commitsLate'))
        setTimeout(() => {
          commit();
          this.lateCommits++;
        }, this.#how.lateMilliseconds);
      else commit();
    });
  }

  #commit(stream: string, expected: Expected, events: readonly NewEvent[], answer: AppendAnswer): void {
    const how = this.#how;
    if (this.#once('silentAppends')) return;
    if (this.#once('notLeader')) {
      answer(notLeaderError(how.leaderPort ?? this.port));
      return;
    }
    if (how.systemEventEvery !== undefined && this.calls.append % how.systemEventEvery === 0)
      this.write('$stats-127.0.0.1:2113', {});
    const isRepeat = this.#opened().stream(stream).length - 1 !== expected;
    const written = this.#opened().append(stream, expected, events);
    if (written.kind === 'written') this.#push();
    if (this.#once('unansweredAppends')) return;
    const isLost = this.#once('lostAnswers');
    const respond = (): void => {
      if (isLost) answer(serviceError(status.UNAVAILABLE, 'the connection is gone'));
      else respondTo(answer, written, { ...how, isRepeat });
    };
    if (how.slowMilliseconds === undefined) respond();
    else setTimeout(respond, how.slowMilliseconds);
  }

  #read(call: ReadCall): void {
    call.on('error', () => {});
    const options = call.request.getOptions();
    const refusal = this.#refusal(call.metadata, options?.hasAll() === true ? 'read-all' : 'read');
    if (refusal !== undefined) {
      call.emit('error', refusal);
      return;
    }
    if (options?.hasSubscription() === true) this.#subscribe(call, options);
    else if (options !== undefined) this.#readPage(call, options);
    else call.end();
  }

  #readPage(call: ReadCall, options: ReadOptions): void {
    this.calls.read++;
    if (this.#once('silentReads')) return;
    if (this.#once('unavailableReads')) {
      call.emit('error', serviceError(status.UNAVAILABLE, 'going down'));
      return;
    }
    const name = options.hasStream() ? streamName(options.getStream()?.getStreamIdentifier()) : undefined;
    if (name !== undefined && this.#opened().stream(name).length === 0) call.write(notFoundMessage(name));
    else for (const event of pageOf(this.#opened(), options, name)) call.write(eventMessage(event));
    call.end();
  }

  #subscribe(call: ReadCall, options: ReadOptions): void {
    this.calls.subscribe++;
    const all = options.getAll();
    const filter = options.getFilter();
    const after = all?.hasPosition() === true ? Number(all.getPosition()?.getCommitPosition()) : -1;
    const window = (filter?.getMax() ?? 32) * (filter?.getCheckpointintervalmultiplier() ?? 1);
    const subscription = new Subscription(this.#opened(), call, {
      after,
      prefixes: filter?.getStreamIdentifier()?.getPrefixList() ?? [],
      checkpointEvery: this.#how.checkpointEvery ?? window,
    });
    subscription.silent = this.#how.silentSubscriptions === true;
    this.#subscriptions.add(subscription);
    const over = (): void => {
      subscription.stop();
      this.#subscriptions.delete(subscription);
    };
    call.on('cancelled', over).on('close', over).on('finish', over).on('error', over);
  }

  /** Once a turn: what one turn wrote goes out together. */
  #push(): void {
    if (this.#pushing) return;
    this.#pushing = true;
    setImmediate(() => {
      this.#pushing = false;
      for (const subscription of this.#subscriptions) subscription.push();
    });
  }
}

function respondTo(
  answer: AppendAnswer,
  written: Written,
  how: Misbehaviour & { readonly isRepeat: boolean },
): void {
  if (written.kind === 'partly-there' && how.corruptedIdempotency === true)
    answer(serviceError(status.UNKNOWN, 'CorruptedIdempotency'));
  else answer(null, appendMessage(written, !(how.noPositions === true && how.isRepeat)));
}

/** Forwards a position or revision is part of the page; backwards a position of the whole log is not. */
function pageOf(log: DoubleLog, options: ReadOptions, name: string | undefined): readonly StoredEvent[] {
  const count = Number(options.getCount());
  const isBackwards = options.getReadDirection() === 1;
  const events = name === undefined ? log.events : log.stream(name);
  const [stream, all] = [options.getStream(), options.getAll()];
  let from = isBackwards ? events.length : 0;
  if (stream?.hasRevision() === true) from = Number(stream.getRevision()) + (isBackwards ? 1 : 0);
  else if (all?.hasPosition() === true) from = log.indexFrom(Number(all.getPosition()?.getCommitPosition()));
  return isBackwards
    ? events.slice(Math.max(0, from - count), from).reverse()
    : events.slice(from, from + count);
}
