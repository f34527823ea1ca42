import type { BatchId, Channel, Instant, OrderId, Serial } from '@stamp-ledger/domain';
import { PortError, type StampView } from '@stamp-ledger/ports';
import { arrayOf, RowWriter, rowsByKeys, type Session, type Statement } from '../statements.js';
import { given, optionalText, orNull, type Row, stateCode, stateOf, text, type Value } from './columns.js';

export const SELECT_VIEW = `SELECT v.serial, v.state, v.revision, v.minted_at, v.channel, v.order_id, v.document_sha256,
    v.more, m.batch_id, m.series, m.amount, m.currency
  FROM {models}.stamp_view AS v LEFT JOIN {models}.minting AS m ON m.number = v.minting`;

const SQL = {
  bySerial: { name: 'views_by_serial', sql: `${SELECT_VIEW} WHERE v.serial = ANY($1::text[])` },
  mintings: {
    name: 'mintings',
    sql: 'SELECT batch_id, series, amount, currency, number FROM {models}.minting WHERE batch_id = ANY($1::text[])',
  },
  addMintings: {
    name: 'add_mintings',
    sql: `INSERT INTO {models}.minting (batch_id, series, amount, currency)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
      RETURNING batch_id, series, amount, currency, number`,
  },
} as const satisfies Record<string, Statement>;

interface NumberedView {
  readonly view: StampView;
  readonly minting: number | null;
}

const writer = new RowWriter<NumberedView>({
  table: 'stamp_view',
  columns: {
    serial: 'text',
    state: 'int',
    revision: 'int',
    minting: 'bigint',
    minted_at: 'text',
    channel: 'text',
    order_id: 'text',
    document_sha256: 'text',
    more: 'text',
  },
  key: ['serial'],
  orderBy: 'serial',
  values: viewValues,
});

/** What a stamp has only later in its life, or never. */
interface More {
  readonly soldAt?: Instant;
  readonly affixedAt?: Instant;
  readonly documentType?: string;
  readonly voided?: { readonly reason: string; readonly at: Instant };
  readonly verifications?: StampView['verifications'];
}

const NEVER_VERIFIED: StampView['verifications'] = { count: 0, severalActors: false };

export const loadViews = async (session: Session, serials: readonly Serial[]): Promise<StampView[]> =>
  (await rowsByKeys(session, SQL.bySerial, serials)).map(viewFrom);

export async function saveViews(session: Session, views: readonly StampView[]): Promise<void> {
  const numbers = await numberMintings(session, views);
  const minting = (view: StampView): number | null => {
    const key = mintingOf(view);
    if (key === undefined) return null;
    const number = numbers.get(JSON.stringify(key));
    if (number === undefined) throw new PortError('corrupt', 'a minting was stored and is not there');
    return number;
  };
  await writer.write(
    session,
    views.map((view) => ({ view, minting: minting(view) })),
  );
}

type Minting = readonly [batchId: string, series: string, amount: string, currency: string];

function mintingOf({ batchId, series, denomination }: StampView): Minting | undefined {
  return batchId === undefined || series === undefined || denomination === undefined
    ? undefined
    : [batchId, series, denomination.amount, denomination.currency];
}

/** Numbers of the mintings, given to those that have none yet. */
async function numberMintings(session: Session, views: readonly StampView[]): Promise<Map<string, number>> {
  const wanted = new Map<string, Minting>();
  for (const view of views) {
    const key = mintingOf(view);
    if (key !== undefined) wanted.set(JSON.stringify(key), key);
  }
  const numbers = new Map<string, number>();
  const take = (rows: readonly Row[]): void => {
    for (const row of rows) numbers.set(JSON.stringify(row.slice(0, 4)), Number(row[4]));
  };
  const batches = new Set([...wanted.values()].map(([batchId]) => batchId));
  take(await rowsByKeys(session, SQL.mintings, [...batches]));
  const fresh = [...wanted].filter(([key]) => !numbers.has(key)).map(([, minting]) => minting);
  if (fresh.length > 0)
    take(
      await session.rows(
        SQL.addMintings,
        ([0, 1, 2, 3] as const).map((column) => arrayOf(fresh.map((minting) => minting[column]))),
      ),
    );
  return numbers;
}

function viewValues({ view, minting }: NumberedView): Value[] {
  return [
    view.serial,
    stateCode(view.state),
    view.revision,
    minting,
    orNull(view.mintedAt),
    orNull(view.channel),
    orNull(view.orderId),
    orNull(view.document?.sha256),
    moreText(view),
  ];
}

function moreText({ soldAt, affixedAt, document, voided, verifications }: StampView): string | null {
  if (soldAt === undefined && voided === undefined && verifications.count === 0) return null;
  const more: More = {
    ...given('soldAt', soldAt),
    ...given('affixedAt', affixedAt),
    ...given('documentType', document?.type),
    ...given('voided', voided),
    ...given('verifications', verifications.count === 0 ? undefined : verifications),
  };
  return JSON.stringify(more);
}

/** A row of {@link SELECT_VIEW} as the view that was saved. */
export function viewFrom(row: Row): StampView {
  const { documentType, verifications, ...more }: More =
    row[7] === null || row[7] === undefined ? {} : JSON.parse(text(row[7]));
  const sha256 = optionalText(row[6]);
  return {
    serial: text<Serial>(row[0]),
    state: stateOf(row[1]),
    revision: Number(row[2]),
    ...mintingFrom(row),
    ...given('mintedAt', optionalText<Instant>(row[3])),
    ...given('channel', optionalText<Channel>(row[4])),
    ...given('orderId', optionalText<OrderId>(row[5])),
    ...given(
      'document',
      sha256 === undefined || documentType === undefined ? undefined : { sha256, type: documentType },
    ),
    ...more,
    verifications: verifications ?? NEVER_VERIFIED,
  };
}

function mintingFrom(row: Row): Pick<StampView, 'batchId' | 'series' | 'denomination'> {
  const batchId = optionalText<BatchId>(row[8]);
  return batchId === undefined
    ? {}
    : { batchId, series: text(row[9]), denomination: { amount: text(row[10]), currency: text(row[11]) } };
}
