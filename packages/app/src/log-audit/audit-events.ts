import { CodecError, type LedgerEvent, type Position, serde, validateEventData } from '@stamp-ledger/codec';
import type { AuditedLog } from '@stamp-ledger/ports';
import { TILE_WIDTH, tileWidth } from '@stamp-ledger/transparency';
import { parseEntry } from '../move/format.js';
import { predecessorOf } from '../seal/continuation.js';
import { type LogAuditReport, type LogAuditRequest, scanning } from './audit-log.js';
import { checkCheckpoint } from './check-checkpoint.js';
import { Findings } from './findings.js';
import { FileFault, readEntries } from './log-files.js';

/** An event as the log has it: where it stands in an event store the log does not say. */
export type LoggedEvent = LedgerEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'position'>
    : never
  : never;

/** As {@link auditDeep}, and `visit` is given every event of the log in order, with data that its schema allows. */
export async function auditEvents({
  visit,
  ...request
}: LogAuditRequest & { readonly visit: (event: LoggedEvent) => void }): Promise<LogAuditReport> {
  const findings = new Findings();
  return scanning(
    request,
    ({ first, entries }) => {
      for (const [at, entry] of entries.entries()) {
        const index = first + at;
        if (entry === undefined || (index === 0 && predecessorOf(entry) !== undefined)) continue;
        const event = eventIn(entry);
        if (event !== undefined) visit(event);
        else findings.add('entry-unreadable', `entry ${index} is no event of a ledger`, { index });
      }
    },
    findings,
  );
}

/**
 * A log with the checkpoint that it has now, which it keeps while it is read, and the last event under it: as it is served,
 * checked by nobody yet, and undefined where there is none to be had.
 */
export async function logAsItIs({ log, trust }: Pick<LogAuditRequest, 'log' | 'trust'>): Promise<{
  readonly log: AuditedLog;
  readonly last?: LoggedEvent;
}> {
  const checkpoint = await log.read('checkpoint');
  const taken: AuditedLog = {
    read: (path) => (path === 'checkpoint' ? Promise.resolve(checkpoint) : log.read(path)),
  };
  const { current } = await checkCheckpoint({ log: taken, trust, kept: undefined }, new Findings());
  const last = current && current.size > 0 ? await lastEntry(log, current.size) : undefined;
  const event = last && eventIn(last);
  return event === undefined ? { log: taken } : { log: taken, last: event };
}

async function lastEntry(log: AuditedLog, size: number): Promise<Buffer | undefined> {
  const index = Math.floor((size - 1) / TILE_WIDTH);
  try {
    return (await readEntries(log, { index, width: tileWidth({ level: 'entries', index, size }) })).at(-1);
  } catch (error) {
    if (error instanceof FileFault) return undefined;
    throw error;
  }
}

function eventIn(entry: Buffer): LoggedEvent | undefined {
  const parsed = parseEntry(entry.toString());
  if (parsed === undefined) return undefined;
  const { event, stream, revision } = parsed;
  try {
    const decoded = serde.decode({ ...event, stream, revision, position: '' as Position });
    const { type, metadata, data } = decoded;
    return validateEventData(type, metadata.schemaVersion, data).ok ? decoded : undefined;
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
