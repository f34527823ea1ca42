import cliProgress from 'cli-progress';
import type { Output } from './output.js';
import { grouped } from './table.js';

export interface Progress {
  update(done: number, note?: string): void;
  stop(): void;
}

const LINE_EVERY_MILLISECONDS = 2_000;
const SILENT: Progress = { update: () => {}, stop: () => {} };

/** A bar on a terminal, a line now and then elsewhere, nothing for machines. All of it on stderr. */
export function startProgress(output: Output, label: string, total: number): Progress {
  if (output.json) return SILENT;
  return output.stderr.isTTY === true ? bar(output, label, total) : lines(output, label, total);
}

function bar(output: Output, label: string, total: number): Progress {
  const single = new cliProgress.SingleBar(
    {
      format: `${label} [{bar}] {percentage} % | {value}/{total} | {duration_formatted}{note}`,
      stream: output.stderr as NodeJS.WriteStream,
      hideCursor: true,
      barCompleteChar: '=',
      barIncompleteChar: '-',
      stopOnComplete: false,
      gracefulExit: false,
      fps: 10,
    },
    cliProgress.Presets.legacy,
  );
  const payload = (note: string | undefined) => ({ note: note === undefined ? '' : ` | ${note}` });
  single.start(total, 0, payload(undefined));
  // However the process ends, the terminal gets its cursor back.
  const stop = () => single.stop();
  process.once('exit', stop);
  return {
    update: (done, note) => single.update(done, payload(note)),
    stop: () => {
      process.off('exit', stop);
      stop();
    },
  };
}

function lines(output: Output, label: string, total: number): Progress {
  let last = performance.now();
  return {
    update: (done, note) => {
      const now = performance.now();
      if (now - last < LINE_EVERY_MILLISECONDS) return;
      last = now;
      const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
      const remark = note === undefined ? '' : `, ${note}`;
      output.remark(`${label}: ${grouped(done)} of ${grouped(total)} (${percent} %)${remark}`);
    },
    stop: () => {},
  };
}
