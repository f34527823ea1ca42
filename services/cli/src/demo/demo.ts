import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Output } from '../output.js';
import { Keeper } from './keeper.js';
import type { DemoOptions } from './options.js';
import { replay } from './replay.js';

/** The whole demo has this long, besides three times the length of the rush. */
const REST_MILLISECONDS = 300_000;

/** Runs the demo; true when everything was as it should be. Rejects when `stop` aborts before the end. */
export async function runDemo(options: DemoOptions, output: Output, stop: AbortController): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-demo-'));
  const keeper = new Keeper({
    dataDirectory: join(directory, 'data'),
    logFile: join(directory, 'ledger.log'),
    port: options.port,
    signal: stop.signal,
    onUnexpectedEnd: (why) => stop.abort(new Error(why)),
  });
  const deadline = setTimeout(
    () => stop.abort(new Error('the demo took too long and was ended')),
    options.seconds * 3_000 + REST_MILLISECONDS,
  );
  const keep = options.stay || options.keepData;
  try {
    await keeper.start();
    output.remark(`the ledger is ready at ${keeper.url} (process ${keeper.pid}), its data in ${directory}`);
    const well = await replay(options, keeper, output, stop.signal);
    clearTimeout(deadline);
    if (options.stay) await stay(keeper, directory, output, stop.signal);
    return well;
  } finally {
    clearTimeout(deadline);
    await keeper.stop();
    if (keep) output.remark(`the data is in ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

async function stay(keeper: Keeper, directory: string, output: Output, signal: AbortSignal): Promise<void> {
  const token = join(directory, 'data', 'admin-token');
  output.remark(`\nThe ledger stays until Ctrl-C. To look around:`);
  output.remark(`  npx stamp-ledger --url ${keeper.url} --token-file ${token} inventory`);
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
