import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RecordedEvent, StreamName } from '@stamp-ledger/codec';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import type { EventStore } from '@stamp-ledger/ports';
import { plainEnvironment } from '../support/server-process.js';
import { EVENTS_OF_APPEND, eventAt } from './log-child.js';

const CHILD = fileURLToPath(new URL('log-child.js', import.meta.url));

export interface Ack {
  readonly stream: string;
  readonly revision: number;
  readonly position: string;
}

/** A process that appends to a log, and what it has said so far. */
export interface LogProcess {
  readonly process: ChildProcess;
  readonly acks: Ack[];
  readonly lines: string[];
  /** Resolves when the process has said this many lines, or has ended. */
  said(lines: number): Promise<void>;
  /** Resolves with the exit code, or null when a signal ended it; everything it said has been read by then. */
  readonly ended: Promise<number | null>;
}

export interface LogProcessOptions {
  readonly directory: string;
  readonly run: string;
  readonly appenders: number;
  /** Appends of each appender; 0 means until the process ends. */
  readonly appends: number;
  /** A command that starts the process, with its arguments: strace for example. */
  readonly under?: readonly string[];
}

export function startLogProcess(options: LogProcessOptions): LogProcess {
  const { directory, run, appenders, appends, under = [] } = options;
  const [command = process.execPath, ...args] = [
    ...under,
    process.execPath,
    CHILD,
    directory,
    run,
    String(appenders),
    String(appends),
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: plainEnvironment() });
  const lines: string[] = [];
  const acks: Ack[] = [];
  const waiting = new Set<() => void>();
  const reading = createInterface({ input: child.stdout });
  reading.on('line', (line) => {
    lines.push(line);
    const [word, stream, revision, position] = line.split(' ');
    if (word === 'ack' && stream !== undefined && position !== undefined)
      acks.push({ stream, revision: Number(revision), position });
    for (const wake of waiting) wake();
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const readToEnd = new Promise<void>((resolve) => reading.once('close', () => resolve()));
  const ended = Promise.all([exited, readToEnd]).then(([code]) => code);
  return {
    process: child,
    acks,
    lines,
    ended,
    async said(count) {
      const enough = new Promise<void>((resolve) => {
        const wake = (): void => {
          if (lines.length < count) return;
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
        wake();
      });
      await Promise.race([enough, ended]);
    },
  };
}

/**
 * Opens the log and says what is wrong with it: an acknowledged event that is missing or elsewhere, a torn append, a
 * gap, an event that is not what was appended. Nothing is wrong when the list is empty.
 */
export async function checkLog(directory: string, acks: readonly Ack[]): Promise<string[]> {
  const store = await openEmbeddedEventStore({ directory });
  try {
    const events = await readEverything(store);
    return [...faultsOfOrder(events), ...faultsOfStreams(events), ...faultsOfAcks(events, acks)].slice(0, 20);
  } finally {
    await store.close();
  }
}

async function readEverything(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (;;) {
    const after = events.at(-1)?.position;
    const page = await store.readAll({ limit: 1_000, ...(after === undefined ? {} : { after }) });
    if (page.length === 0) return events;
    events.push(...page);
  }
}

const faultsOfOrder = (events: readonly RecordedEvent[]): string[] =>
  events.flatMap(({ position }, index) =>
    Number(position) === index + 1 ? [] : [`position ${position} at place ${index + 1}`],
  );

function faultsOfStreams(events: readonly RecordedEvent[]): string[] {
  const lengths = new Map<StreamName, number>();
  const faults: string[] = [];
  for (const { stream, revision, id, data } of events) {
    const length = lengths.get(stream) ?? 0;
    const expected = eventAt(stream, revision);
    if (revision !== length) faults.push(`${stream} has ${revision} after ${length} events`);
    if (id !== expected.id || data !== expected.data) faults.push(`${stream} at ${revision} was changed`);
    lengths.set(stream, length + 1);
  }
  for (const [stream, length] of lengths)
    if (length % EVENTS_OF_APPEND !== 0) faults.push(`${stream} has a torn append, ${length} events`);
  return faults;
}

const faultsOfAcks = (events: readonly RecordedEvent[], acks: readonly Ack[]): string[] =>
  acks.flatMap(({ stream, revision, position }) => {
    const event = events[Number(position) - 1];
    return event?.stream === stream && event.revision === revision
      ? []
      : [`acknowledged ${stream} at ${revision} is not at ${position}`];
  });

/** Why strace cannot be used here, or undefined when it can. */
export function whyNoStrace(): string | undefined {
  const { error, status } = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true']);
  if (error !== undefined) return `strace is not there (${error.message})`;
  return status === 0 ? undefined : 'strace may not trace processes here';
}
