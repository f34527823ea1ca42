import { startApi } from '@stamp-ledger/api';
import { runService } from '@stamp-ledger/wiring';
import { withDistributedParts } from './distributed-parts.js';

/**
 * The whole ledger in one process: log, read models, jobs and HTTP, and with engines configured also the relay and the
 * projections.
 */
await runService(process.env, (given) => withDistributedParts(given, () => startApi(given, { jobs: true })));
