CREATE TABLE ledger.generation (number INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE TABLE ledger.live (single INT PRIMARY KEY DEFAULT 1 CHECK (single = 1), generation INT NOT NULL REFERENCES ledger.generation);
CREATE TABLE ledger.rebuild (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE,
  status text COLLATE "C" NOT NULL CHECK (status IN ('running', 'done', 'failed')),
  events_done BIGINT NOT NULL DEFAULT 0, events_total BIGINT NOT NULL DEFAULT 0, detail text COLLATE "C"
);
CREATE UNIQUE INDEX rebuild_running ON ledger.rebuild (status) WHERE status = 'running';
CREATE TABLE ledger.idempotency_key (
  key text COLLATE "C" PRIMARY KEY, request_hash text COLLATE "C" NOT NULL, at BIGINT NOT NULL, owner INT, known BOOLEAN NOT NULL DEFAULT false,
  status INT, headers text COLLATE "C", body text COLLATE "C"
);
CREATE INDEX idempotency_key_by_time ON ledger.idempotency_key (at);
CREATE TABLE ledger.refusal (minute text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, count BIGINT NOT NULL, PRIMARY KEY (minute, kind));
CREATE TABLE ledger.lag (minute text COLLATE "C" NOT NULL, projection text COLLATE "C" NOT NULL, milliseconds BIGINT NOT NULL,
  PRIMARY KEY (minute, projection));
CREATE TABLE ledger.run (instance text COLLATE "C" PRIMARY KEY, service text COLLATE "C" NOT NULL, version text COLLATE "C" NOT NULL, started_at text COLLATE "C" NOT NULL,
  seen_at text COLLATE "C" NOT NULL, stopped_at text COLLATE "C");
CREATE INDEX run_by_start ON ledger.run (started_at);
INSERT INTO ledger.generation DEFAULT VALUES;
INSERT INTO ledger.live (generation) VALUES (1);
CREATE SCHEMA models_1;

CREATE TABLE models_1.progress (
  projection text COLLATE "C" PRIMARY KEY, position text COLLATE "C", recorded_at text COLLATE "C", events BIGINT NOT NULL DEFAULT 0,
  disorder_milliseconds BIGINT NOT NULL DEFAULT 0, settled_position text COLLATE "C", settled_recorded_at text COLLATE "C", halted text COLLATE "C"
) WITH (fillfactor = 10);
INSERT INTO models_1.progress (projection) VALUES ('inventory'), ('verification'), ('audit-index');
CREATE TABLE models_1.timeline (
  projection text COLLATE "C" NOT NULL, position text COLLATE "C" NOT NULL, recorded_at text COLLATE "C" NOT NULL, before_position text COLLATE "C",
  PRIMARY KEY (projection, position)
);
CREATE INDEX timeline_by_time ON models_1.timeline (projection, recorded_at);
CREATE TABLE models_1.bus_offset (
  projection text COLLATE "C" NOT NULL, partition text COLLATE "C" NOT NULL, next BIGINT NOT NULL, PRIMARY KEY (projection, partition)
) WITH (fillfactor = 10);
CREATE TABLE models_1.bus_mark (
  projection text COLLATE "C" NOT NULL, position text COLLATE "C" NOT NULL, recorded_at text COLLATE "C" NOT NULL, offsets text COLLATE "C" NOT NULL,
  PRIMARY KEY (projection, position)
);
CREATE TABLE models_1.minting (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  batch_id text COLLATE "C" NOT NULL, series text COLLATE "C" NOT NULL, amount text COLLATE "C" NOT NULL, currency text COLLATE "C" NOT NULL,
  UNIQUE (batch_id, series, amount, currency)
);
CREATE TABLE models_1.stamp_view (
  serial text COLLATE "C" PRIMARY KEY, state INT NOT NULL, revision INT NOT NULL, minting BIGINT, minted_at text COLLATE "C",
  channel text COLLATE "C", order_id text COLLATE "C", document_sha256 text COLLATE "C", more text COLLATE "C"
) WITH (fillfactor = 85);
CREATE INDEX stamp_view_by_order ON models_1.stamp_view (order_id, serial) WHERE order_id IS NOT NULL;
CREATE INDEX stamp_view_by_document ON models_1.stamp_view (document_sha256, serial)
  WHERE document_sha256 IS NOT NULL;
CREATE INDEX stamp_view_by_minting ON models_1.stamp_view (minting);
CREATE TABLE models_1.book (
  single INT PRIMARY KEY CHECK (single = 1), lots BIGINT NOT NULL, boundary text COLLATE "C", changes_since BIGINT NOT NULL
);
CREATE TABLE models_1.lot (
  id BIGINT PRIMARY KEY, batch_id text COLLATE "C" NOT NULL, channel text COLLATE "C" NOT NULL, amount text COLLATE "C" NOT NULL, currency text COLLATE "C" NOT NULL,
  changed_at text COLLATE "C" NOT NULL, minted BIGINT NOT NULL, n0 BIGINT NOT NULL, n1 BIGINT NOT NULL, n2 BIGINT NOT NULL, n3 BIGINT NOT NULL, n4 BIGINT NOT NULL, n5 BIGINT NOT NULL, n6 BIGINT NOT NULL,
  UNIQUE (batch_id, channel, amount, currency)
);
CREATE INDEX lot_by_channel ON models_1.lot (channel, currency, amount, batch_id);
CREATE INDEX lot_by_change ON models_1.lot (changed_at);
CREATE TABLE models_1.stamp (
  serial text COLLATE "C" PRIMARY KEY, revision INT NOT NULL, grp BIGINT, since text COLLATE "C", order_id text COLLATE "C", expires_at text COLLATE "C",
  paid_amount text COLLATE "C", paid_currency text COLLATE "C", refunded INT
);
CREATE INDEX stamp_by_group ON models_1.stamp (grp, since) WHERE grp IS NOT NULL;
CREATE INDEX stamp_by_expiry ON models_1.stamp (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX stamp_by_sale ON models_1.stamp (paid_currency, paid_amount, refunded) WHERE paid_currency IS NOT NULL;
CREATE TABLE models_1.stamp_change (
  position text COLLATE "C" PRIMARY KEY, from_grp BIGINT, to_grp BIGINT, flow_from BIGINT, flow_to BIGINT
);
CREATE TABLE models_1.money (currency text COLLATE "C" PRIMARY KEY, changed_at text COLLATE "C" NOT NULL, paid text COLLATE "C" NOT NULL, pending text COLLATE "C" NOT NULL, fulfilled text COLLATE "C" NOT NULL, refunded text COLLATE "C" NOT NULL);
CREATE INDEX money_by_change ON models_1.money (changed_at);
CREATE TABLE models_1.money_change (
  position text COLLATE "C" PRIMARY KEY, currency text COLLATE "C" NOT NULL, amount text COLLATE "C" NOT NULL, from_bucket text COLLATE "C", to_bucket text COLLATE "C" NOT NULL
);
CREATE TABLE models_1.payment (
  position text COLLATE "C" PRIMARY KEY, reference text COLLATE "C" NOT NULL, amount text COLLATE "C" NOT NULL, currency text COLLATE "C" NOT NULL, paid_at text COLLATE "C" NOT NULL,
  recorded_at text COLLATE "C" NOT NULL, channel text COLLATE "C" NOT NULL, order_id text COLLATE "C", serial text COLLATE "C"
);
CREATE INDEX payment_by_time ON models_1.payment (paid_at, position);
CREATE INDEX payment_by_reference ON models_1.payment (reference, paid_at, position);
CREATE TABLE models_1.boundary (position text COLLATE "C" PRIMARY KEY);
CREATE TABLE models_1.lot_snapshot (
  lot BIGINT NOT NULL, boundary text COLLATE "C" NOT NULL, minted BIGINT NOT NULL, n0 BIGINT NOT NULL, n1 BIGINT NOT NULL, n2 BIGINT NOT NULL, n3 BIGINT NOT NULL, n4 BIGINT NOT NULL, n5 BIGINT NOT NULL, n6 BIGINT NOT NULL, PRIMARY KEY (lot, boundary)
);
CREATE TABLE models_1.money_snapshot (
  currency text COLLATE "C" NOT NULL, boundary text COLLATE "C" NOT NULL, paid text COLLATE "C" NOT NULL, pending text COLLATE "C" NOT NULL, fulfilled text COLLATE "C" NOT NULL, refunded text COLLATE "C" NOT NULL, PRIMARY KEY (currency, boundary)
);
CREATE TABLE models_1.order_row (
  order_id text COLLATE "C" PRIMARY KEY, revision INT NOT NULL, outstanding BIGINT NOT NULL,
  status text COLLATE "C", channel text COLLATE "C", holder text COLLATE "C", amount text COLLATE "C", currency text COLLATE "C", plain_amount text COLLATE "C", quantity BIGINT,
  placed_at text COLLATE "C", payment text COLLATE "C", paid_amount text COLLATE "C", paid_currency text COLLATE "C", paid_at text COLLATE "C", paid_position text COLLATE "C",
  policy_version text COLLATE "C"
);
CREATE INDEX order_to_fulfil ON models_1.order_row (paid_position) WHERE status = 'paid';
CREATE INDEX order_ahead ON models_1.order_row (channel, currency, plain_amount, paid_position) WHERE status = 'paid';
CREATE INDEX order_unpaid ON models_1.order_row (placed_at) WHERE status = 'placed';
CREATE INDEX order_to_return ON models_1.order_row (order_id) WHERE outstanding > CASE status
  WHEN 'fulfilled' THEN quantity WHEN 'cancelled' THEN 0 WHEN 'refunded' THEN 0 WHEN 'rejected' THEN 0 END;
CREATE INDEX order_owed ON models_1.order_row (paid_position)
  WHERE paid_position IS NOT NULL AND status IN ('paid', 'cancelled');
CREATE TABLE models_1.order_block (
  channel text COLLATE "C" NOT NULL, currency text COLLATE "C" NOT NULL, amount text COLLATE "C" NOT NULL, block text COLLATE "C" NOT NULL, waiting BIGINT NOT NULL,
  PRIMARY KEY (channel, currency, amount, block)
);
CREATE INDEX order_block_empty ON models_1.order_block (waiting) WHERE waiting = 0;
CREATE FUNCTION models_1.count_paid_on_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO models_1.order_block AS b (channel, currency, amount, block, waiting)
    SELECT channel, currency, plain_amount, block, sum(change) FROM (SELECT channel, currency, plain_amount, left(paid_position, 11) AS block, 1 AS change
   FROM new_rows WHERE status = 'paid') AS changes
     GROUP BY channel, currency, plain_amount, block HAVING sum(change) <> 0
     ORDER BY channel, currency, plain_amount, block
    ON CONFLICT (channel, currency, amount, block) DO UPDATE SET waiting = b.waiting + excluded.waiting;
  DELETE FROM models_1.order_block WHERE waiting = 0;
  RETURN NULL;
END $$;
CREATE FUNCTION models_1.count_paid_on_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO models_1.order_block AS b (channel, currency, amount, block, waiting)
    SELECT channel, currency, plain_amount, block, sum(change) FROM (SELECT channel, currency, plain_amount, left(paid_position, 11) AS block, 1 AS change
   FROM new_rows WHERE status = 'paid' UNION ALL SELECT channel, currency, plain_amount, left(paid_position, 11) AS block, -1 AS change
   FROM old_rows WHERE status = 'paid') AS changes
     GROUP BY channel, currency, plain_amount, block HAVING sum(change) <> 0
     ORDER BY channel, currency, plain_amount, block
    ON CONFLICT (channel, currency, amount, block) DO UPDATE SET waiting = b.waiting + excluded.waiting;
  DELETE FROM models_1.order_block WHERE waiting = 0;
  RETURN NULL;
END $$;
CREATE TRIGGER orders_come AFTER INSERT ON models_1.order_row REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION models_1.count_paid_on_insert();
CREATE TRIGGER orders_change AFTER UPDATE ON models_1.order_row REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION models_1.count_paid_on_update();
CREATE TABLE models_1.batch (
  id text COLLATE "C" PRIMARY KEY, revision INT NOT NULL, opened_at text COLLATE "C", quantity BIGINT, done BIGINT NOT NULL, completed INT NOT NULL
);
CREATE INDEX batch_to_do ON models_1.batch (opened_at) WHERE completed = 0 AND opened_at IS NOT NULL;
CREATE TABLE models_1.allocation (
  id text COLLATE "C" PRIMARY KEY, revision INT NOT NULL, opened_at text COLLATE "C", quantity BIGINT, done BIGINT NOT NULL, completed INT NOT NULL
);
CREATE INDEX allocation_to_do ON models_1.allocation (opened_at) WHERE completed = 0 AND opened_at IS NOT NULL;
CREATE TABLE models_1.incident (id text COLLATE "C" PRIMARY KEY, revision INT NOT NULL, opened_at text COLLATE "C" NOT NULL UNIQUE, view text COLLATE "C" NOT NULL);
CREATE TABLE models_1.long_id (number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE);
CREATE TABLE models_1.event_index (
  position text COLLATE "C" PRIMARY KEY, stream text COLLATE "C" NOT NULL, revision INT NOT NULL, type text COLLATE "C" NOT NULL,
  recorded_at text COLLATE "C" NOT NULL, occurred_at text COLLATE "C" NOT NULL, command BIGINT NOT NULL, correlation BIGINT NOT NULL,
  channel text COLLATE "C", holder text COLLATE "C", document_sha256 text COLLATE "C", order_id text COLLATE "C", incident_id text COLLATE "C"
);
CREATE INDEX event_by_command ON models_1.event_index (command, position);
CREATE INDEX event_by_correlation ON models_1.event_index (correlation, position);
CREATE INDEX event_by_channel ON models_1.event_index (channel, position) WHERE channel IS NOT NULL;
CREATE INDEX event_by_holder ON models_1.event_index (holder, position) WHERE holder IS NOT NULL;
CREATE INDEX event_by_document ON models_1.event_index (document_sha256, position) WHERE document_sha256 IS NOT NULL;
CREATE INDEX event_by_order ON models_1.event_index (order_id, position) WHERE order_id IS NOT NULL;
CREATE INDEX event_by_incident ON models_1.event_index (incident_id, position) WHERE incident_id IS NOT NULL;
