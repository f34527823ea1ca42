-- Only the inventory has had steps since moments are kept; its key goes with the column.
DELETE FROM {models}.timeline WHERE projection <> 'inventory';
ALTER TABLE {models}.timeline DROP COLUMN projection;
CREATE INDEX timeline_by_position ON {models}.timeline (position);
