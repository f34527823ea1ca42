import type { BatchId, Channel, Instant, OrderId, Serial } from '@stamp-ledger/domain';
import type { StampView } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { SHA256 } from './audit-table.js';
import { given, optionalText, orNull, type Row, stateCode, stateOf, text, type Value } from './columns.js';
import { inOrderOf, KeyedReader, RowWriter } from './statements.js';

const COLUMNS = [
  'serial',
  'state',
  'revision',
  'minting',
  'minted_at',
  'channel',
  'order_id',
  'document_sha256',
  'more',
] as const;
const MINTING_COLUMNS = ['batch_id', 'series', 'amount', 'currency'] as const;

export const SELECT_VIEW = `SELECT v.serial, v.state, v.revision, v.minted_at, v.channel, v.order_id,
    nullif(lower(hex(v.document_sha256)), ''),
    v.more, m.batch_id, m.series, m.amount, m.currency
  FROM stamp_view AS v LEFT JOIN minting AS m ON m.number = v.minting`;

/** What a stamp has only later in its life, or never. */
interface More {
  readonly soldAt?: Instant;
  readonly affixedAt?: Instant;
  readonly documentType?: string;
  readonly voided?: { readonly reason: string; readonly at: Instant };
  readonly verifications?: StampView['verifications'];
}

const NEVER_VERIFIED: StampView['verifications'] = { count: 0, severalActors: false };

/** Rows of the verification model. Synchronous; throws as SQLite does. */
export class VerificationTable {
  readonly #bySerial: KeyedReader;
  readonly #views: RowWriter;
  readonly #addMinting: Database.Statement<string[]>;
  readonly #minting: Database.Statement<string[], number>;

  constructor(db: Database.Database) {
    this.#bySerial = new KeyedReader(db, `${SELECT_VIEW} WHERE v.serial IN (SELECT value FROM json_each(?))`);
    this.#views = new RowWriter(db, {
      table: 'stamp_view',
      columns: COLUMNS,
      key: ['serial'],
      values: { document_sha256: SHA256 },
    });
    this.#addMinting = db.prepare<string[]>(
      `INSERT INTO minting (${MINTING_COLUMNS.join(', ')}) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    this.#minting = db
      .prepare<string[], number>(
        `SELECT number FROM minting WHERE ${MINTING_COLUMNS.map((column) => `${column} = ?`).join(' AND ')}`,
      )
      .pluck();
  }

  load(serials: readonly Serial[]): StampView[] {
    return this.#bySerial.read(serials).map(viewFrom);
  }

  save(views: readonly StampView[]): void {
    const numbers = new Map<string, number | null>();
    const mintingOf = (view: StampView): number | null => {
      const { batchId, series, denomination } = view;
      if (batchId === undefined || series === undefined || denomination === undefined) return null;
      const { amount, currency } = denomination;
      const key = `${batchId} ${series} ${amount} ${currency}`;
      const known = numbers.get(key);
      if (known !== undefined) return known;
      this.#addMinting.run(batchId, series, amount, currency);
      const number = this.#minting.get(batchId, series, amount, currency) ?? null;
      numbers.set(key, number);
      return number;
    };
    this.#views.write(inOrderOf(views, 'serial'), (view, values) =>
      pushValues(view, mintingOf(view), values),
    );
  }
}

function pushValues(view: StampView, minting: number | null, values: Value[]): void {
  values.push(
    view.serial,
    stateCode(view.state),
    view.revision,
    minting,
    orNull(view.mintedAt),
    orNull(view.channel),
    orNull(view.orderId),
    orNull(view.document?.sha256),
    moreText(view),
  );
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
