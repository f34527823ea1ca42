export * from './canonical.js';
export * from './envelope.js';
export * from './ids.js';
export * from './instant.js';
export * from './names.js';
export * from './serde.js';
export * from './tickets.js';
export * from './validators.js';
