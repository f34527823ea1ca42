import { CodecError, type LedgerEvent, type Position, serde, validateEventData } from '@stamp-ledger/codec';
import { parseEntry } from '../move/format.js';
import { predecessorOf } from '../seal/continuation.js';
import { type LogAuditReport, type LogAuditRequest, scanning } from './audit-log.js';
import { Findings } from './findings.js';

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
