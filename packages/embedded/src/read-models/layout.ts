/** Version of the tables. Read models of another version are not migrated but built anew from the log. */
export const READ_MODELS_VERSION = 4;

/**
 * Where there is a row for every event, positions are places of the log and documents are bytes: rows and the entries of
 * their indexes are half as long, and that is what most of a projected event costs. Steps of the timeline rise in time as
 * they do in position, so what asks for a time looks for it among the positions.
 */
const PROGRESS = `
  CREATE TABLE progress (
    projection TEXT PRIMARY KEY, position TEXT NOT NULL, recorded_at TEXT NOT NULL,
    events INTEGER NOT NULL, disorder_milliseconds INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE timeline (
    projection TEXT NOT NULL, position INTEGER NOT NULL, recorded_at TEXT NOT NULL, before_position INTEGER,
    PRIMARY KEY (projection, position)
  ) STRICT, WITHOUT ROWID;
`;

/** What many stamps have in common is in `minting`; what few have, in `more` as JSON. */
const VERIFICATION = `
  CREATE TABLE minting (
    number INTEGER PRIMARY KEY, batch_id TEXT NOT NULL, series TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
    UNIQUE (batch_id, series, amount, currency)
  ) STRICT;
  CREATE TABLE stamp_view (
    serial TEXT PRIMARY KEY, state INTEGER NOT NULL, revision INTEGER NOT NULL, minting INTEGER, minted_at TEXT,
    channel TEXT, order_id TEXT, document_sha256 BLOB, more TEXT
  ) STRICT;
`;
const VERIFICATION_INDEXES = `
  CREATE INDEX stamp_view_by_order ON stamp_view (order_id, serial) WHERE order_id IS NOT NULL;
  CREATE INDEX stamp_view_by_document ON stamp_view (document_sha256, serial) WHERE document_sha256 IS NOT NULL;
`;

/** A group is a lot and a state in one number: eight times the lot's id and the state's code. */
const INVENTORY = `
  CREATE TABLE book (
    only INTEGER PRIMARY KEY CHECK (only = 1), lots INTEGER NOT NULL, boundary TEXT, changes_since INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE lot (
    id INTEGER PRIMARY KEY, batch_id TEXT NOT NULL, channel TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
    changed_at TEXT NOT NULL, minted INTEGER NOT NULL,
    n0 INTEGER NOT NULL, n1 INTEGER NOT NULL, n2 INTEGER NOT NULL, n3 INTEGER NOT NULL, n4 INTEGER NOT NULL,
    n5 INTEGER NOT NULL, n6 INTEGER NOT NULL,
    UNIQUE (batch_id, channel, amount, currency)
  ) STRICT;
  CREATE TABLE stamp (
    serial TEXT PRIMARY KEY, revision INTEGER NOT NULL, grp INTEGER, since TEXT, order_id TEXT, expires_at TEXT,
    paid_amount TEXT, paid_currency TEXT, refunded INTEGER
  ) STRICT;
  CREATE TABLE stamp_change (
    position INTEGER PRIMARY KEY, from_grp INTEGER, to_grp INTEGER, flow_from INTEGER, flow_to INTEGER
  ) STRICT;
  CREATE TABLE money (
    currency TEXT PRIMARY KEY, changed_at TEXT NOT NULL,
    paid TEXT NOT NULL, pending TEXT NOT NULL, fulfilled TEXT NOT NULL, refunded TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE money_change (
    position TEXT PRIMARY KEY, currency TEXT NOT NULL, amount TEXT NOT NULL, from_bucket TEXT, to_bucket TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE payment (
    position TEXT PRIMARY KEY, reference TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL, paid_at TEXT NOT NULL,
    recorded_at TEXT NOT NULL, channel TEXT NOT NULL, order_id TEXT, serial TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE boundary (position TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE lot_snapshot (
    lot INTEGER NOT NULL, boundary TEXT NOT NULL, minted INTEGER NOT NULL,
    n0 INTEGER NOT NULL, n1 INTEGER NOT NULL, n2 INTEGER NOT NULL, n3 INTEGER NOT NULL, n4 INTEGER NOT NULL,
    n5 INTEGER NOT NULL, n6 INTEGER NOT NULL,
    PRIMARY KEY (lot, boundary)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE money_snapshot (
    currency TEXT NOT NULL, boundary TEXT NOT NULL,
    paid TEXT NOT NULL, pending TEXT NOT NULL, fulfilled TEXT NOT NULL, refunded TEXT NOT NULL,
    PRIMARY KEY (currency, boundary)
  ) STRICT, WITHOUT ROWID;
`;
const INVENTORY_INDEXES = `
  CREATE INDEX lot_by_channel ON lot (channel, currency, amount, batch_id);
  CREATE INDEX lot_by_change ON lot (changed_at);
  CREATE INDEX stamp_by_group ON stamp (grp, since) WHERE grp IS NOT NULL;
  CREATE INDEX stamp_by_expiry ON stamp (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX stamp_by_sale ON stamp (paid_currency, paid_amount, refunded) WHERE paid_currency IS NOT NULL;
  CREATE INDEX payment_by_time ON payment (paid_at, position);
  CREATE INDEX payment_by_reference ON payment (reference, paid_at, position);
`;

/** Characters of a position that orders of one block may differ in: blocks of a thousand places of the log. */
export const BLOCK_CHARACTERS = 3;
const blockOf = (row: 'OLD' | 'NEW' | 'order_row'): string =>
  `substr(${row}.paid_position, 1, length(${row}.paid_position) - ${BLOCK_CHARACTERS})`;
const ENTER = `INSERT INTO order_block VALUES (NEW.channel, NEW.currency, NEW.plain_amount, ${blockOf('NEW')}, 1)
    ON CONFLICT (channel, currency, amount, block) DO UPDATE SET waiting = waiting + 1;`;
const QUEUE_OF_OLD = `channel = OLD.channel AND currency = OLD.currency AND amount = OLD.plain_amount AND block = ${blockOf('OLD')}`;

/** Closed orders with stamps still out, and fulfilled ones with more stamps than were ordered. */
export const ORDER_HAS_TOO_MANY = `outstanding > CASE status
    WHEN 'fulfilled' THEN quantity WHEN 'cancelled' THEN 0 WHEN 'refunded' THEN 0 WHEN 'rejected' THEN 0 END`;

/** `order_block` counts the paid orders of a queue by block, so that a place in a long queue is a short sum. */
const WORK = `
  CREATE TABLE order_row (
    order_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, outstanding INTEGER NOT NULL,
    status TEXT, channel TEXT, holder TEXT, amount TEXT, currency TEXT, plain_amount TEXT, quantity INTEGER,
    placed_at TEXT, payment TEXT, paid_amount TEXT, paid_currency TEXT, paid_at TEXT, paid_position TEXT,
    policy_version TEXT
  ) STRICT;
  CREATE TABLE order_block (
    channel TEXT NOT NULL, currency TEXT NOT NULL, amount TEXT NOT NULL, block TEXT NOT NULL, waiting INTEGER NOT NULL,
    PRIMARY KEY (channel, currency, amount, block)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE batch (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, opened_at TEXT, quantity INTEGER, done INTEGER NOT NULL,
    completed INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE allocation (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, opened_at TEXT, quantity INTEGER, done INTEGER NOT NULL,
    completed INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE incident (
    id TEXT PRIMARY KEY, revision INTEGER NOT NULL, opened_at TEXT NOT NULL UNIQUE, view TEXT NOT NULL
  ) STRICT;
`;
const WORK_INDEXES = `
  CREATE INDEX order_to_fulfil ON order_row (paid_position) WHERE status = 'paid';
  CREATE INDEX order_ahead ON order_row (channel, currency, plain_amount, paid_position) WHERE status = 'paid';
  CREATE INDEX order_unpaid ON order_row (placed_at) WHERE status = 'placed';
  CREATE INDEX order_to_return ON order_row (order_id)
    WHERE ${ORDER_HAS_TOO_MANY};
  CREATE INDEX order_owed ON order_row (paid_position) WHERE paid_position IS NOT NULL AND status IN ('paid', 'cancelled');
  CREATE INDEX batch_to_do ON batch (opened_at) WHERE completed = 0 AND opened_at IS NOT NULL;
  CREATE INDEX allocation_to_do ON allocation (opened_at) WHERE completed = 0 AND opened_at IS NOT NULL;
`;

/** Kept by every change of an order; where orders were written without them, all are counted first. */
const ORDER_BLOCKS = `
  INSERT INTO order_block SELECT channel, currency, plain_amount, ${blockOf('order_row')}, count(*)
    FROM order_row WHERE status = 'paid' GROUP BY 1, 2, 3, 4;
  CREATE TRIGGER order_comes_paid AFTER INSERT ON order_row WHEN NEW.status = 'paid' BEGIN ${ENTER} END;
  CREATE TRIGGER order_is_paid AFTER UPDATE ON order_row WHEN OLD.status IS NOT 'paid' AND NEW.status = 'paid'
    BEGIN ${ENTER} END;
  CREATE TRIGGER order_leaves AFTER UPDATE ON order_row WHEN OLD.status = 'paid' AND NEW.status IS NOT 'paid' BEGIN
    UPDATE order_block SET waiting = waiting - 1 WHERE ${QUEUE_OF_OLD};
    DELETE FROM order_block WHERE waiting = 0 AND ${QUEUE_OF_OLD};
  END;
`;

/**
 * Ids of commands and correlations are the 16 bytes of a UUID. They are all over their indexes, which is most of what a
 * row costs: so a correlation is kept only where it is not the command, as it is when a process acts by itself.
 */
const AUDIT_INDEX = `
  CREATE TABLE event_index (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, type TEXT NOT NULL,
    recorded_at TEXT NOT NULL, occurred_at TEXT, command BLOB NOT NULL, correlation BLOB,
    channel TEXT, holder TEXT, document_sha256 BLOB, order_id TEXT, incident_id TEXT
  ) STRICT;
`;
const AUDIT_INDEX_INDEXES = `
  CREATE INDEX event_by_command ON event_index (command);
  CREATE INDEX event_by_correlation ON event_index (correlation) WHERE correlation IS NOT NULL;
  CREATE INDEX event_by_channel ON event_index (channel) WHERE channel IS NOT NULL;
  CREATE INDEX event_by_holder ON event_index (holder) WHERE holder IS NOT NULL;
  CREATE INDEX event_by_document ON event_index (document_sha256) WHERE document_sha256 IS NOT NULL;
  CREATE INDEX event_by_order ON event_index (order_id) WHERE order_id IS NOT NULL;
  CREATE INDEX event_by_incident ON event_index (incident_id) WHERE incident_id IS NOT NULL;
`;

/** Tables of one file, and what may be made once they are full: indexes, and triggers with the rows that they keep. */
export interface Layout {
  readonly tables: string;
  readonly indexes: string;
}

/** Work and time are about the same for both, and either can be written beside the other. */
export const INVENTORY_LAYOUT: Layout = {
  tables: PROGRESS + INVENTORY + WORK,
  indexes: INVENTORY_INDEXES + WORK_INDEXES + ORDER_BLOCKS,
};
/** What stamps and events are looked up in: the verification model and the audit index. */
export const LOOK_UP_LAYOUT: Layout = {
  tables: PROGRESS + VERIFICATION + AUDIT_INDEX,
  indexes: VERIFICATION_INDEXES + AUDIT_INDEX_INDEXES,
};
