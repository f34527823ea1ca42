export { exportEvents } from './export-events.js';
export { MoveFault, type MoveFaultKind } from './fault.js';
export type { Digest } from './format.js';
export { type ImportOutcome, type ImportRequest, importEvents } from './import-events.js';
export { MOVE_LIMITS } from './limits.js';
export { linesOf } from './lines.js';
export { type ExportedEvent, readExport } from './read-export.js';
