export { PUBLIC_CHANNEL_NAMES } from './channels.js';
export * from './curve.js';
export { Facts } from './facts.js';
export { Heap } from './heap.js';
export { LogAudit } from './log-audit.js';
export { OpenLoop } from './open-loop.js';
export { createRandom, type Random } from './random.js';
export * from './scenario.js';
export { Faults } from './world.js';
