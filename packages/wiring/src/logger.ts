import { type Logger, pino } from 'pino';
import type { LogLevel } from './configuration.js';

export type { Logger } from 'pino';

/** Structured logs, one JSON object a line, on standard error. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null }, pino.destination({ fd: 2, sync: false }));
}
