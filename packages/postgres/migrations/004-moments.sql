CREATE TABLE {models}.moment (
  projection text COLLATE "C" NOT NULL, position text COLLATE "C" NOT NULL, recorded_at text COLLATE "C" NOT NULL,
  PRIMARY KEY (projection, position)
);
CREATE INDEX moment_by_time ON {models}.moment (projection, recorded_at, position);
-- Until now position and time rose together from step to step, so that some of the steps are the moments of the past.
INSERT INTO {models}.moment (projection, position, recorded_at)
  SELECT projection, position, recorded_at
    FROM (SELECT t.projection, t.position, t.recorded_at, row_number() OVER (PARTITION BY t.projection ORDER BY t.position) AS n
            FROM {models}.timeline AS t JOIN {models}.progress AS p USING (projection)
           WHERE t.projection <> 'verification' AND t.position <= p.settled_position) AS steps
   WHERE n % 1000 = 0;
INSERT INTO {models}.moment (projection, position, recorded_at)
  SELECT projection, settled_position, settled_recorded_at
    FROM {models}.progress WHERE projection <> 'verification' AND settled_position IS NOT NULL
  ON CONFLICT (projection, position) DO NOTHING;
-- A generation that is being built has no indexes yet.
DROP INDEX IF EXISTS {models}.timeline_by_time;
