/** First numbers of this ledger's advisory locks: one for each purpose. The second number is of the purpose. */
export const LOCKS = {
  migrate: 0x5357_0001,
  /** Shared by transactions on the live generation; alone for the one that swaps it. */
  live: 0x5357_0002,
  rebuild: 0x5357_0003,
  /** By the number of a process that claims idempotency keys. */
  keyOwner: 0x5357_0004,
  shareMember: 0x5357_0005,
  shareSlot: 0x5357_0006,
} as const;

/** The locks of one purpose that are held in this database, as `held`; its `objid` is the second number. */
export const heldBy = (purpose: number): string =>
  `(SELECT locks.objid FROM pg_catalog.pg_locks AS locks WHERE locks.locktype = 'advisory' AND locks.granted
     AND locks.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
     AND locks.classid = ${purpose} AND locks.objsubid = 2) AS held`;
