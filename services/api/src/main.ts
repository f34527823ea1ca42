import { runDistributedService } from '@stamp-ledger/wiring';
import { startApi } from './start-api.js';

/** Serves commands and queries. Any number of these may run: the work behind them is the fulfilment service's. */
await runDistributedService(process.env, (given) => startApi(given, { jobs: false }));
