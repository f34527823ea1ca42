import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Latency } from '../latency.js';

/** What one kind of client does, all of them together. */
export interface Stream {
  readonly name: string;
  readonly kind: 'orders' | 'affixings' | 'look-ups';
  /** Number of the first order, sold stamp or look-up. */
  readonly first: number;
  /** Stamps that look-ups are spread over. */
  readonly of?: number;
  /** Clients that come in each second; whether earlier ones were answered does not matter (open loop). */
  readonly perSecond: readonly number[];
  /** Connections that they share, one request at a time on each. */
  readonly connections: number;
  /** What a client does that is refused or gets no answer: it gives up, comes back at once, or when it was told to. */
  readonly retry: 'never' | 'at-once' | 'as-told';
  /** Whether a client that is told to takes a ticket of the waiting room, asks for its turn when it was told to, and orders with it. */
  readonly takesTickets?: boolean;
  /** After so long a client gives up. */
  readonly patienceMilliseconds: number;
  /** Whether all leave at once when no more come, and their connections with them: the load stops. */
  readonly leavesAtEnd?: boolean;
}

export interface Plan {
  readonly url: string;
  readonly token: string;
  readonly streams: readonly Stream[];
  /** Connections of each kind that only hold a server up; see slow-clients.ts. */
  readonly slowClients: number;
  /** An attempt without an answer is given up after so long, and its connection with it. */
  readonly attemptMilliseconds: number;
}

/** One second of one stream. */
export interface Second {
  /** Clients that came. */
  readonly offered: number;
  /** Requests sent for what the client came for. */
  readonly attempts: number;
  readonly accepted: number;
  readonly refused: number;
  /** Attempts without an answer in time, and broken connections. */
  readonly unanswered: number;
  readonly gaveUp: number;
  /** Tickets of the waiting room taken, and questions for a turn answered. */
  readonly tickets: number;
  readonly turnsAsked: number;
  /** Milliseconds from sending the attempt that was accepted to its answer. */
  readonly p99: number;
}

export interface StreamResult {
  readonly name: string;
  /** When its first second began, in milliseconds of POSIX time: processes take a while to start. */
  readonly begun: number;
  readonly seconds: readonly Second[];
  /** Of the attempts that were accepted. */
  readonly latency: Latency;
  /** Of the refusals. */
  readonly refusal: Latency;
  /** From the moment a client came until it was accepted. */
  readonly sinceDue: Latency;
  readonly statuses: Readonly<Record<string, number>>;
  /** Numbers of the requests that were answered with success. */
  readonly accepted: Uint32Array;
}

/** From when its process runs until the first of it come. */
export const CROWD_BEGINS_MILLISECONDS = 1_000;

/** Lets a crowd loose from a process of its own, as what it costs must not be the ledger's. */
export async function runCrowd(plan: Plan): Promise<readonly StreamResult[]> {
  const child = fork(fileURLToPath(new URL('./crowd-process.js', import.meta.url)), {
    serialization: 'advanced',
    execArgv: [],
  });
  const ended = once(child, 'exit');
  try {
    child.send(plan);
    const failed = ended.then(([code]) => {
      throw new Error(`the load generator ended with ${code}`);
    });
    const [results] = (await Promise.race([once(child, 'message'), failed])) as [readonly StreamResult[]];
    failed.catch(() => undefined);
    return results;
  } finally {
    child.kill('SIGKILL');
  }
}
