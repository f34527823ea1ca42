import { inSchema, schemaOf } from '../statements.js';

/** Characters of a position that orders of one block share. */
export const BLOCK_CHARACTERS = 11;

const PROGRESS = `
  CREATE TABLE {models}.progress (
    projection TEXT PRIMARY KEY, position TEXT, recorded_at TEXT, events BIGINT NOT NULL DEFAULT 0,
    disorder_milliseconds BIGINT NOT NULL DEFAULT 0, settled_position TEXT, settled_recorded_at TEXT, halted TEXT
  ) WITH (fillfactor = 10);
  INSERT INTO {models}.progress (projection) VALUES ('inventory'), ('verification'), ('audit-index');
  CREATE TABLE {models}.timeline (position TEXT NOT NULL, recorded_at TEXT NOT NULL, before_position TEXT);
  CREATE INDEX timeline_by_position ON {models}.timeline (position);
  CREATE TABLE {models}.moment (
    projection TEXT NOT NULL, position TEXT NOT NULL, recorded_at TEXT NOT NULL, PRIMARY KEY (projection, position)
  );
  CREATE INDEX moment_by_time ON {models}.moment (projection, recorded_at, position);
  CREATE TABLE {models}.bus_offset (
    projection TEXT NOT NULL, partition TEXT NOT NULL, next BIGINT NOT NULL, PRIMARY KEY (projection, partition)
  ) WITH (fillfactor = 10);
  CREATE TABLE {models}.bus_mark (
    projection TEXT NOT NULL, position TEXT NOT NULL, recorded_at TEXT NOT NULL, offsets TEXT NOT NULL,
    PRIMARY KEY (projection, position)
  );
  CREATE TABLE {models}.bus_lineage (projection TEXT PRIMARY KEY, id TEXT NOT NULL, ancestors TEXT NOT NULL);
`;

/** What many stamps have in common is in `minting`; what few have, in `more` as JSON. */
const VERIFICATION = `
  CREATE TABLE {models}.minting (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id TEXT NOT NULL, series TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
    UNIQUE (batch_id, series, amount, currency)
  );
  CREATE TABLE {models}.stamp_view (
    serial TEXT PRIMARY KEY, state INT NOT NULL, revision INT NOT NULL, minting BIGINT, minted_at TEXT,
    channel TEXT, order_id TEXT, document_sha256 TEXT, more TEXT
  ) WITH (fillfactor = 85);
  CREATE INDEX stamp_view_by_order ON {models}.stamp_view (order_id, serial) WHERE order_id IS NOT NULL;
  CREATE INDEX stamp_view_by_document ON {models}.stamp_view (document_sha256, serial)
    WHERE document_sha256 IS NOT NULL;
  CREATE INDEX stamp_view_by_minting ON {models}.stamp_view (minting);
`;

const COUNTS = Array.from({ length: 7 }, (_, code) => `n${code} BIGINT NOT NULL`).join(', ');
const SUMS = 'paid TEXT NOT NULL, pending TEXT NOT NULL, fulfilled TEXT NOT NULL, refunded TEXT NOT NULL';

/** A group is a lot and a state in one number: eight times the lot's id and the state's code. */
const INVENTORY = `
  CREATE TABLE {models}.book (
    single INT PRIMARY KEY CHECK (single = 1), lots BIGINT NOT NULL, boundary TEXT, changes_since BIGINT NOT NULL
  );
  CREATE TABLE {models}.lot (
    id BIGINT PRIMARY KEY, batch_id TEXT NOT NULL, channel TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
    changed_at TEXT NOT NULL, minted BIGINT NOT NULL, ${COUNTS},
    UNIQUE (batch_id, channel, amount, currency)
  );
  CREATE INDEX lot_by_channel ON {models}.lot (channel, currency, amount, batch_id);
  CREATE INDEX lot_by_change ON {models}.lot (changed_at);
  CREATE TABLE {models}.stamp (
    serial TEXT PRIMARY KEY, revision INT NOT NULL, grp BIGINT, since TEXT, order_id TEXT, expires_at TEXT,
    paid_amount TEXT, paid_currency TEXT, refunded INT
  );
  CREATE INDEX stamp_by_group ON {models}.stamp (grp, since) WHERE grp IS NOT NULL;
  CREATE INDEX stamp_by_expiry ON {models}.stamp (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX stamp_by_sale ON {models}.stamp (paid_currency, paid_amount, refunded) WHERE paid_currency IS NOT NULL;
  CREATE TABLE {models}.stamp_change (
    position TEXT PRIMARY KEY, from_grp BIGINT, to_grp BIGINT, flow_from BIGINT, flow_to BIGINT
  );
  CREATE TABLE {models}.money (currency TEXT PRIMARY KEY, changed_at TEXT NOT NULL, ${SUMS});
  CREATE INDEX money_by_change ON {models}.money (changed_at);
  CREATE TABLE {models}.money_change (
    position TEXT PRIMARY KEY, currency TEXT NOT NULL, amount TEXT NOT NULL, from_bucket TEXT, to_bucket TEXT NOT NULL
  );
  CREATE TABLE {models}.payment (
    position TEXT PRIMARY KEY, reference TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL, paid_at TEXT NOT NULL,
    recorded_at TEXT NOT NULL, channel TEXT NOT NULL, order_id TEXT, serial TEXT
  );
  CREATE INDEX payment_by_time ON {models}.payment (paid_at, position);
  CREATE INDEX payment_by_reference ON {models}.payment (reference, paid_at, position);
  CREATE TABLE {models}.boundary (position TEXT PRIMARY KEY);
  CREATE TABLE {models}.lot_snapshot (
    lot BIGINT NOT NULL, boundary TEXT NOT NULL, minted BIGINT NOT NULL, ${COUNTS}, PRIMARY KEY (lot, boundary)
  );
  CREATE TABLE {models}.money_snapshot (
    currency TEXT NOT NULL, boundary TEXT NOT NULL, ${SUMS}, PRIMARY KEY (currency, boundary)
  );
`;

/** Closed orders with stamps still out, and fulfilled ones with more stamps than were ordered. */
export const ORDER_HAS_TOO_MANY = `outstanding > CASE status
    WHEN 'fulfilled' THEN quantity WHEN 'cancelled' THEN 0 WHEN 'refunded' THEN 0 WHEN 'rejected' THEN 0 END`;

const paid = (change: 1 | -1, rows: string): string =>
  `SELECT channel, currency, plain_amount, left(paid_position, ${BLOCK_CHARACTERS}) AS block, ${change} AS change
     FROM ${rows} WHERE status = 'paid'`;

/** Counts the orders that a statement made paid, less those that it took out of the queue. */
const countPaid = (on: 'insert' | 'update', changes: string): string => `
  CREATE FUNCTION {models}.count_paid_on_${on}() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO {models}.order_block AS b (channel, currency, amount, block, waiting)
      SELECT channel, currency, plain_amount, block, sum(change) FROM (${changes}) AS changes
       GROUP BY channel, currency, plain_amount, block HAVING sum(change) <> 0
       ORDER BY channel, currency, plain_amount, block
      ON CONFLICT (channel, currency, amount, block) DO UPDATE SET waiting = b.waiting + excluded.waiting;
    DELETE FROM {models}.order_block WHERE waiting = 0;
    RETURN NULL;
  END $$;`;

/** `order_block` counts the paid orders of a queue by block, so that a place in a long queue is a short sum. */
const WORK = `
  CREATE TABLE {models}.order_row (
    order_id TEXT PRIMARY KEY, revision INT NOT NULL, outstanding BIGINT NOT NULL,
    status TEXT, channel TEXT, holder TEXT, amount TEXT, currency TEXT, plain_amount TEXT, quantity BIGINT,
    placed_at TEXT, payment TEXT, paid_amount TEXT, paid_currency TEXT, paid_at TEXT, paid_position TEXT,
    policy_version TEXT
  );
  CREATE INDEX order_to_fulfil ON {models}.order_row (paid_position) WHERE status = 'paid';
  CREATE INDEX order_ahead ON {models}.order_row (channel, currency, plain_amount, paid_position) WHERE status = 'paid';
  CREATE INDEX order_unpaid ON {models}.order_row (placed_at) WHERE status = 'placed';
  CREATE INDEX order_to_return ON {models}.order_row (order_id) WHERE ${ORDER_HAS_TOO_MANY};
  CREATE INDEX order_owed ON {models}.order_row (paid_position)
    WHERE paid_position IS NOT NULL AND status IN ('paid', 'cancelled');
  CREATE TABLE {models}.order_block (
    channel TEXT NOT NULL, currency TEXT NOT NULL, amount TEXT NOT NULL, block TEXT NOT NULL, waiting BIGINT NOT NULL,
    PRIMARY KEY (channel, currency, amount, block)
  );
  CREATE INDEX order_block_empty ON {models}.order_block (waiting) WHERE waiting = 0;
  ${countPaid('insert', paid(1, 'new_rows'))}
  ${countPaid('update', `${paid(1, 'new_rows')} UNION ALL ${paid(-1, 'old_rows')}`)}
  CREATE TRIGGER orders_come AFTER INSERT ON {models}.order_row REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION {models}.count_paid_on_insert();
  CREATE TRIGGER orders_change AFTER UPDATE ON {models}.order_row REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION {models}.count_paid_on_update();
  CREATE TABLE {models}.batch (
    id TEXT PRIMARY KEY, revision INT NOT NULL, opened_at TEXT, quantity BIGINT, done BIGINT NOT NULL, completed INT NOT NULL
  );
  CREATE INDEX batch_to_do ON {models}.batch (opened_at) WHERE completed = 0 AND opened_at IS NOT NULL;
  CREATE TABLE {models}.allocation (
    id TEXT PRIMARY KEY, revision INT NOT NULL, opened_at TEXT, quantity BIGINT, done BIGINT NOT NULL, completed INT NOT NULL
  );
  CREATE INDEX allocation_to_do ON {models}.allocation (opened_at) WHERE completed = 0 AND opened_at IS NOT NULL;
  CREATE TABLE {models}.incident (id TEXT PRIMARY KEY, revision INT NOT NULL, opened_at TEXT NOT NULL UNIQUE, view TEXT NOT NULL);
`;

/**
 * Ids of commands are all over their index, which is most of what a row costs: so a correlation is kept only where it is
 * not the command, as it is when a process acts by itself. Every index goes on with the position, so that one is read in the
 * order of the answer whatever the planner thinks of the column.
 */
const AUDIT_INDEX = `
  CREATE TABLE {models}.event_index (
    position TEXT PRIMARY KEY, stream TEXT NOT NULL, revision INT NOT NULL, type TEXT NOT NULL,
    recorded_at TEXT NOT NULL, occurred_at TEXT, command UUID NOT NULL, correlation UUID,
    channel TEXT, holder TEXT, document_sha256 TEXT, order_id TEXT, incident_id TEXT
  );
  CREATE INDEX event_by_command ON {models}.event_index (command, position);
  CREATE INDEX event_by_correlation ON {models}.event_index (correlation, position)
    WHERE correlation IS NOT NULL;
  CREATE INDEX event_by_channel ON {models}.event_index (channel, position) WHERE channel IS NOT NULL;
  CREATE INDEX event_by_holder ON {models}.event_index (holder, position) WHERE holder IS NOT NULL;
  CREATE INDEX event_by_document ON {models}.event_index (document_sha256, position) WHERE document_sha256 IS NOT NULL;
  CREATE INDEX event_by_order ON {models}.event_index (order_id, position) WHERE order_id IS NOT NULL;
  CREATE INDEX event_by_incident ON {models}.event_index (incident_id, position) WHERE incident_id IS NOT NULL;
`;

/** Text is compared byte by byte, whatever the database's language. */
const byteWise = (sql: string): string => sql.replaceAll(/\bTEXT\b/g, 'text COLLATE "C"');

const MODELS = byteWise(`${PROGRESS}${VERIFICATION}${INVENTORY}${WORK}${AUDIT_INDEX}`);
const INDEX = /CREATE INDEX ([^;]+);/g;

/** The statements that make one empty generation of read models. */
const createModelsSql = (generation: number): string =>
  `CREATE SCHEMA ${schemaOf(generation)};${inSchema(MODELS, generation)}`;

/** The same without the indexes that only readers need: those are made at once, at the end, for a fraction of the work. */
export const createBareModelsSql = (generation: number): string =>
  createModelsSql(generation).replaceAll(INDEX, '');

/** The indexes that a bare generation lacks; those that are there already stay. */
export const createIndexesSql = (generation: number): string =>
  inSchema(MODELS.match(INDEX)?.join('\n') ?? '', generation).replaceAll(
    INDEX,
    'CREATE INDEX IF NOT EXISTS $1;',
  );
