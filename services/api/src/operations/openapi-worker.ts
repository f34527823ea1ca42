import { parentPort, workerData } from 'node:worker_threads';
import { yieldToRequests } from '@stamp-ledger/wiring/background';
import { bundledOpenApi } from './openapi.js';

yieldToRequests();
parentPort?.postMessage(JSON.stringify(bundledOpenApi(workerData)));
