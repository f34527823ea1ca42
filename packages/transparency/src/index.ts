export * from './errors.js';
export * from './frontier.js';
export * from './hash.js';
