// What works on engines, with their clients: the embedded ledger starts without any of it.
export { followSealing } from './followed-sealing.js';
export { openFulfilment } from './fulfilment.js';
export { createTopics, migrate } from './operate-engines.js';
export { servePart } from './part-service.js';
export { openProjections } from './projections.js';
export { openRelay, type Part } from './relay.js';
export { RelayHealth } from './relay-health.js';
export { openSealer } from './sealer.js';
export { tolerantKeys } from './tolerant-keys.js';
