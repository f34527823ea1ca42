import { parentPort, workerData } from 'node:worker_threads';
import { jsonPerSecond } from './json-text.js';

const WARM_SHARE = 0.1;
const seconds = Number(workerData);
jsonPerSecond(WARM_SHARE * seconds);
parentPort?.postMessage(jsonPerSecond(seconds));
