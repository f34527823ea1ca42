import { createOutput } from '../output.js';
import { runDemo } from './demo.js';
import { readOptions } from './options.js';

const INTERRUPTED = 130;

/** Runs the demo from a command line; ends with 0 only if nothing at all was amiss. */
async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if ('exitCode' in options) return options.exitCode;
  const stop = new AbortController();
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    stop.abort(new Error('interrupted'));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return (await runDemo(options, createOutput(process, false), stop)) ? 0 : 1;
  } catch (error) {
    if (interrupted) return INTERRUPTED;
    const why: unknown = stop.signal.aborted ? stop.signal.reason : error;
    process.stderr.write(`demo: ${why instanceof Error ? why.message : String(why)}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
