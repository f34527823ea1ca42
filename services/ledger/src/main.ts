import { startLedger } from './start-ledger.js';

await startLedger(process.env);
