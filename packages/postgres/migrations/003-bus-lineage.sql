CREATE TABLE {models}.bus_lineage (
  projection text COLLATE "C" PRIMARY KEY, id text COLLATE "C" NOT NULL, ancestors text COLLATE "C" NOT NULL
);
