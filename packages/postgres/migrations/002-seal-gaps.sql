CREATE TABLE ledger.seal_gap (
  from_time text COLLATE "C" PRIMARY KEY, to_time text COLLATE "C" NOT NULL, events BIGINT NOT NULL
);
