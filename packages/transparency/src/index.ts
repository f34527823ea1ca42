export * from './leaf-hash.js';
