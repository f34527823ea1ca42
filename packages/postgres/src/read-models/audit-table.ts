import type { Position } from '@stamp-ledger/codec';
import { type IndexedEventRow, PortError } from '@stamp-ledger/ports';
import { RowWriter, rowsByKeys, type Session, type Statement } from '../statements.js';
import { orNull, text } from './columns.js';

const SQL = {
  indexed: {
    name: 'events_indexed',
    sql: 'SELECT position FROM {models}.event_index WHERE position = ANY($1::text[])',
  },
  numbers: { name: 'long_ids', sql: 'SELECT id, number FROM {models}.long_id WHERE id = ANY($1::text[])' },
  addIds: {
    name: 'add_long_ids',
    sql: 'INSERT INTO {models}.long_id (id) SELECT * FROM unnest($1::text[]) RETURNING id, number',
  },
} as const satisfies Record<string, Statement>;

interface NumberedEvent {
  readonly row: IndexedEventRow;
  readonly command: number;
  readonly correlation: number;
}

const writer = new RowWriter<NumberedEvent>({
  table: 'event_index',
  columns: {
    position: 'text',
    stream: 'text',
    revision: 'int',
    type: 'text',
    recorded_at: 'text',
    occurred_at: 'text',
    command: 'bigint',
    correlation: 'bigint',
    channel: 'text',
    holder: 'text',
    document_sha256: 'text',
    order_id: 'text',
    incident_id: 'text',
  },
  values: ({ row, command, correlation }) => [
    row.position,
    row.stream,
    row.revision,
    row.type,
    row.recordedAt,
    row.occurredAt,
    command,
    correlation,
    orNull(row.channel),
    orNull(row.holder),
    orNull(row.documentSha256),
    orNull(row.orderId),
    orNull(row.incidentId),
  ],
});

/** Those of the positions that have a row already. */
export const indexedPositions = async (
  session: Session,
  positions: readonly Position[],
): Promise<Set<Position>> =>
  new Set((await rowsByKeys(session, SQL.indexed, positions)).map(([position]) => text<Position>(position)));

export async function appendEvents(session: Session, rows: readonly IndexedEventRow[]): Promise<void> {
  const ids = new Set<string>();
  for (const { commandId, correlationId } of rows) ids.add(commandId).add(correlationId);
  const numbers = await numberIds(session, [...ids]);
  const numberOf = (id: string): number => {
    const number = numbers.get(id);
    if (number === undefined) throw new PortError('corrupt', 'an id was stored and is not there');
    return number;
  };
  await writer.write(
    session,
    rows.map((row) => ({
      row,
      command: numberOf(row.commandId),
      correlation: numberOf(row.correlationId),
    })),
  );
}

/** Numbers of the ids, given to those that have none yet. */
async function numberIds(session: Session, ids: readonly string[]): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  const take = async (statement: Statement, wanted: readonly string[]): Promise<void> => {
    for (const [id, number] of await rowsByKeys(session, statement, wanted))
      numbers.set(text(id), Number(number));
  };
  await take(SQL.numbers, ids);
  await take(
    SQL.addIds,
    ids.filter((id) => !numbers.has(id)),
  );
  return numbers;
}
