export { auditIndexProjection } from './audit-index.js';
export type { EventSource, Projected, Projection } from './batch.js';
export { ProjectionFault } from './fault.js';
export { type BusProjectionRun, runBusProjections } from './follow-bus.js';
export * from './follow-log.js';
export { createInventoryProjection, inventoryProjection } from './inventory.js';
export { type ReadThrough, readThrough } from './read-through.js';
export { foldStampView, verificationProjection } from './verification.js';
