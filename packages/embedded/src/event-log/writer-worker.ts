import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { LIMITS } from '@stamp-ledger/ports';
import { sqliteCode } from '../sqlite-errors.js';
import { LogWriter } from './log-writer.js';
import { type Call, callsOf, type FromWriter, type ToWriter } from './writer-protocol.js';

/** Milliseconds without an append after which the write-ahead log is copied into the file. */
const IDLE_MILLISECONDS = 250;

/**
 * Group commit without a timer: whatever arrived while the last group was being made durable is the next group.
 */
function serve(port: MessagePort, directory: string): void {
  const writer = new LogWriter(directory);
  const send = (message: FromWriter): void => port.postMessage(message);
  const waiting: Call[] = [];
  let closing = false;

  const take = (message: ToWriter): void => {
    if (message.kind === 'close') closing = true;
    else for (const call of callsOf(message.batch)) waiting.push(call);
  };
  const takeAll = (): void => {
    for (;;) {
      const received = receiveMessageOnPort(port);
      if (received === undefined) return;
      take(received.message);
    }
  };
  const stopWhenBroken = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      idle.close();
      port.off('message', onMessage);
      send({ kind: 'fatal', message: describe(error) });
      port.close();
    }
  };
  const idle = setTimeout(() => stopWhenBroken(() => writer.checkpoint('PASSIVE')), IDLE_MILLISECONDS);

  const onMessage = (message: ToWriter): void =>
    stopWhenBroken(() => {
      take(message);
      takeAll();
      while (waiting.length > 0) {
        const answers = writer.write(waiting.splice(0, groupLength(waiting)));
        send({ kind: 'answers', answers, head: writer.head });
        writer.checkpointWhenLong();
        takeAll();
      }
      idle.refresh();
      if (closing) {
        idle.close();
        writer.close();
        send({ kind: 'closed' });
        port.close();
      }
    });

  port.on('message', onMessage);
  send({ kind: 'ready', head: writer.head });
}

/** How many of the waiting calls go into one transaction: as many as have at most {@link LIMITS.appendEvents} events. */
function groupLength(waiting: readonly Call[]): number {
  let events = 0;
  let length = 0;
  for (const call of waiting) {
    events += call.events;
    if (length > 0 && events > LIMITS.appendEvents) break;
    length++;
  }
  return length;
}

const describe = (error: unknown): string => {
  const code = sqliteCode(error);
  const message = error instanceof Error ? error.message : String(error);
  return code === undefined ? message : `${code}: ${message}`;
};

if (parentPort !== null) serve(parentPort, String(workerData.directory));
