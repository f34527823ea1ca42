import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { endWithParent, plainEnvironment } from '../../support/server-process.js';
import { cpuSeconds, peakResidentBytes } from './process-usage.js';

const LOOK_MILLISECONDS = 10;

/** What a program took from its start to its end. */
export interface ProgramRun {
  readonly stdout: string;
  readonly milliseconds: number;
  /** All threads; the last few milliseconds may be missing. */
  readonly cpuSeconds: number;
  readonly peakResidentBytes: number;
}

/** Runs a Node program to its end; rejects when it does not end with 0. */
export async function runProgram(file: string, args: readonly string[]): Promise<ProgramRun> {
  const start = performance.now();
  const child = spawn(process.execPath, [file, ...args], {
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithParent(child);
  let usage = { cpuSeconds: 0, peakResidentBytes: 0 };
  const looking = setInterval(() => {
    usage = usageOf(child.pid) ?? usage;
  }, LOOK_MILLISECONDS);
  try {
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    if (code !== 0) throw new Error(`${file} ended with ${code}: ${stdout}`);
    return { stdout, milliseconds: performance.now() - start, ...usage };
  } finally {
    clearInterval(looking);
  }
}

/** Undefined when the process has just ended: it has no memory any more. */
function usageOf(pid = 0) {
  try {
    const usage = { cpuSeconds: cpuSeconds(pid), peakResidentBytes: peakResidentBytes(pid) };
    return usage.peakResidentBytes > 0 ? usage : undefined;
  } catch {
    return undefined;
  }
}
