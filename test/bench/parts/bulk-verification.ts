import { createClient } from '@stamp-ledger/client';
import { sha256Hex } from '@stamp-ledger/codec';
import type { LedgerProcess } from '../../support/server-process.js';
import { failuresOf, runLoad } from '../harness/load/load.js';
import type { Bench, Part, PartResult } from '../harness/part.js';
import { peakResidentBytes, residentBytes } from '../harness/process-usage.js';
import { single } from '../harness/spread.js';
import { startSeeded } from '../ledger/bench-ledger.js';
import { serialAt } from '../ledger/lives.js';
import { lookUps } from '../ledger/requests.js';

const STAMPS = 20_000;
const MEBIBYTE = 1_048_576;
const LOOK_UPS = { perSecond: 1_000, connections: 16, p99: 50 };

/** One agency's files in one request, recorded line by line, and what single look-ups feel of it. */
export const bulkVerification: Part = {
  name: 'bulk-verification',
  title: 'Bulk verification: JSON lines in one request, each recorded',
  run: async (bench) => {
    const stamps = bench.quick ? 1_000 : STAMPS;
    const ledger = await startSeeded({ minted: stamps, allocated: stamps, sold: stamps, affixed: stamps });
    try {
      return await measure(bench, ledger, stamps);
    } finally {
      await ledger.stop();
    }
  },
};

async function measure(bench: Bench, ledger: LedgerProcess, stamps: number): Promise<PartResult> {
  const lines = bench.quick ? 500 : bench.largest ? 1_000_000 : 60_000;
  await verify(ledger, stamps, Math.min(lines, 5_000));
  const before = residentBytes(ledger.pid);
  const alone = await verify(ledger, stamps, lines);
  const growth = (peakResidentBytes(ledger.pid) - before) / MEBIBYTE;
  const seconds = bench.quick ? 0.5 : 10;
  const stopping = new AbortController();
  const bulk = verify(ledger, stamps, Number.POSITIVE_INFINITY, stopping.signal);
  const load = await runLoad({
    url: ledger.url,
    requests: lookUps(1_000, stamps),
    repeat: true,
    connections: LOOK_UPS.connections,
    seconds,
    rate: LOOK_UPS.perSecond,
  });
  stopping.abort();
  const beside = await bulk;
  const failures = failuresOf(load);
  if (failures !== undefined) throw new Error(`look-ups failed: ${failures}`);
  return {
    rows: [
      { what: 'lines, alone', unit: '1/s', ours: single(alone.perSecond) },
      { what: 'growth of resident memory meanwhile, at its peak', unit: 'MiB', ours: single(growth) },
      { what: 'lines, beside look-ups', unit: '1/s', ours: single(beside.perSecond) },
      {
        what: `p99 of ${LOOK_UPS.perSecond.toLocaleString('en')} look-ups a second meanwhile, open loop`,
        unit: 'ms',
        ours: single(load.latency.p99),
        target: { kind: 'at-most', value: LOOK_UPS.p99 },
      },
    ],
    audits: [{ what: 'lines answered in order', acknowledged: lines, missing: lines - alone.lines }],
    notes: [`${lines.toLocaleString('en')} lines in one request, by our own client.`],
  };
}

async function verify(
  { url, token }: LedgerProcess,
  stamps: number,
  count: number,
  signal?: AbortSignal,
): Promise<{ readonly perSecond: number; readonly lines: number }> {
  const client = createClient({ baseUrl: url, token });
  async function* checks() {
    for (let index = 0; index < count && signal?.aborted !== true; index++)
      yield { serial: serialAt(index % stamps), documentSha256: sha256Hex(`paper ${index}`) };
  }
  const begun = performance.now();
  let lines = 0;
  for await (const answer of client.stamps.verifyBulk(checks())) {
    if ('problem' in answer) throw new Error(`line ${answer.line}: ${answer.problem.title}`);
    if (answer.line === lines + 1) lines += 1;
  }
  client.close();
  return { perSecond: (lines * 1_000) / (performance.now() - begun), lines };
}
