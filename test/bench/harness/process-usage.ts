import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Linux counts CPU time in these, whatever the kernel's own tick. */
const TICKS_PER_SECOND = 100;

/** CPU seconds that a process has used so far, all threads, in user and in system mode. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold anything; fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function statusBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

export const residentBytes = (pid: number): number => statusBytes(pid, 'VmRSS');

/** The kernel's high-water mark of resident memory. */
export const peakResidentBytes = (pid: number): number => statusBytes(pid, 'VmHWM');

/**
 * Counts the fsyncs of a process and its threads while `work` runs, by strace. That slows the process, so a round that is
 * counted is not one that is timed. Undefined when strace is absent or may not attach.
 */
export async function countFsyncs(pid: number, work: () => Promise<void>): Promise<number | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-strace-'));
  const file = join(directory, 'counts');
  const child = spawn('strace', ['-f', '-c', '-e', 'trace=fsync,fdatasync', '-o', file, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = once(child, 'exit').catch(() => undefined);
  const attached = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(false));
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (/attached/.test(line)) resolve(true);
    });
  });
  try {
    if (!(await attached)) return undefined;
    await work();
    child.kill('SIGINT');
    await gone;
    const counts = readFileSync(file, 'utf8').matchAll(
      /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+).*\bf(?:data)?sync$/gm,
    );
    return [...counts].reduce((sum, [, calls]) => sum + Number(calls), 0);
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}
