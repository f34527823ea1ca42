-- Every row is written anew, which takes the longer the more events there are.
CREATE FUNCTION {models}.long_id_of(bigint) RETURNS uuid LANGUAGE sql STABLE AS
  'SELECT id::uuid FROM {models}.long_id WHERE number = $1';
ALTER TABLE {models}.event_index
  ALTER COLUMN occurred_at DROP NOT NULL,
  ALTER COLUMN correlation DROP NOT NULL,
  ALTER COLUMN occurred_at TYPE text COLLATE "C" USING nullif(occurred_at, recorded_at),
  ALTER COLUMN correlation TYPE uuid USING CASE WHEN correlation <> command THEN {models}.long_id_of(correlation) END,
  ALTER COLUMN command TYPE uuid USING {models}.long_id_of(command);
DROP FUNCTION {models}.long_id_of(bigint);
DROP TABLE {models}.long_id;
DROP INDEX IF EXISTS {models}.event_by_correlation;
CREATE INDEX event_by_correlation ON {models}.event_index (correlation, position) WHERE correlation IS NOT NULL;
