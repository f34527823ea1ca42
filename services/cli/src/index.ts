export { EXIT, type ExitCode } from './exit-codes.js';
export type { Streams } from './output.js';
export { run } from './program.js';
