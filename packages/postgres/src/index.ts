export {
  type KnownRequest,
  openPostgresIdempotencyKeys,
  type PostgresIdempotencyKeysOptions,
} from './idempotency-keys.js';
export { POSTGRES_LIMITS } from './limits.js';
export { checkMigrated, migratePostgres } from './migrate.js';
export { MIGRATIONS, type Migration } from './migrations.js';
export { openPostgresOperationsJournal } from './operations-journal.js';
export { openPostgresProbe, type PostgresProbe } from './probe.js';
export { openPostgresProjectionStore } from './projection-store.js';
export { openPostgresQueries } from './queries.js';
export { openPostgresRebuilds, type PostgresRebuilds, type RebuildTurn } from './rebuilds.js';
export { openPostgresStatus, type PostgresStatus } from './status.js';
export { openPostgresWorkShare, type PostgresWorkShareOptions } from './work-share.js';
