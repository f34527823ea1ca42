import type { Part } from '../harness/part.js';
import { command } from './command.js';
import { limits } from './limits.js';
import { mintingWithKills } from './minting-with-kills.js';

/** In the order in which a whole run takes them. */
export const PARTS: readonly Part[] = [limits, command, mintingWithKills];
