import { cpus, release, totalmem } from 'node:os';

/** What the figures were taken on. */
export interface Machine {
  readonly measuredOn: string;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

export const thisMachine = (): Machine => ({
  measuredOn: new Date().toISOString().slice(0, 10),
  node: process.version,
  kernel: release(),
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
});
