import type { Part } from '../harness/part.js';
import { bulkVerification } from './bulk-verification.js';
import { command } from './command.js';
import { deepAudit } from './deep-audit.js';
import { distributed } from './distributed.js';
import { lag } from './lag.js';
import { limits } from './limits.js';
import { lookUp } from './look-up.js';
import { minting } from './minting.js';
import { mintingWithKills } from './minting-with-kills.js';
import { orders } from './orders.js';
import { peers } from './peers.js';
import { proofs } from './proofs.js';
import { rebuild } from './rebuild.js';
import { rush } from './rush.js';
import { rushDay } from './rush-day.js';
import { sealing } from './sealing.js';
import { sealingCost } from './sealing-cost.js';
import { sizes } from './sizes.js';

/** In the order in which a whole run takes them. */
export const PARTS: readonly Part[] = [
  limits,
  peers,
  command,
  orders,
  lookUp,
  bulkVerification,
  lag,
  minting,
  mintingWithKills,
  rebuild,
  sealing,
  deepAudit,
  proofs,
  sealingCost,
  sizes,
  rush,
  rushDay,
  distributed,
];
