import type { Bench, Part, PartResult } from '../harness/part.js';
import { countFsyncs } from '../harness/process-usage.js';
import { interleaved } from '../harness/rounds.js';
import { measureSha256, SHA256_LIMIT } from '../harness/sha256.js';
import { single, spreadOf } from '../harness/spread.js';
import { type SealableLog, sealedEvents, startSealable } from '../ledger/sealed-log.js';

const TARGET = 100_000;
const ROUNDS = 3;
/** strace stops the process at every call, so that fsyncs are counted on a share of the events. */
const COUNTED_SHARE = 0.1;

/** A backlog sealed by the embedded sealer: entries, tiles and bundles durable, signed, swapped, published. */
export const sealing: Part = {
  name: 'sealing',
  title: 'Sealing of the log into durable files',
  run: async (bench) => {
    const fsyncs = await fsyncsPerThousand(sealedEvents(bench) * COUNTED_SHARE);
    const log = await startSealable(sealedEvents(bench));
    try {
      return await measure(bench, { log, fsyncs });
    } finally {
      await log.remove();
    }
  },
};

interface Sample {
  readonly perSecond: number;
  readonly cpuPerThousand?: number;
}

async function measure(
  bench: Bench,
  { log, fsyncs }: { readonly log: SealableLog; readonly fsyncs: number | undefined },
): Promise<PartResult> {
  const samples = await interleaved<Sample>(
    bench,
    [
      { name: 'ours', warmUp: async () => undefined, round: () => sealAll(log) },
      {
        name: SHA256_LIMIT,
        warmUp: async () => measureSha256({ seconds: 0.1 }),
        round: async () => ({ perSecond: measureSha256({ seconds: bench.quick ? 0.1 : 1 }) }),
      },
    ],
    bench.quick ? 1 : ROUNDS,
  );
  const ours = samples.get('ours') ?? [];
  return {
    rows: [
      {
        what: 'events, from the log to the published checkpoint',
        measure: 'sealed',
        unit: 'events/s',
        ours: spreadOf(ours.map(({ perSecond }) => perSecond)),
        beside: {
          what: SHA256_LIMIT,
          spread: spreadOf((samples.get(SHA256_LIMIT) ?? []).map(({ perSecond }) => perSecond)),
        },
        target: { kind: 'at-least', value: TARGET },
      },
      {
        what: 'CPU seconds for 1,000 events',
        unit: 's',
        ours: spreadOf(ours.map(({ cpuPerThousand = Number.NaN }) => cpuPerThousand)),
      },
      ...(fsyncs === undefined ? [] : [{ what: 'fsyncs for 1,000 events', unit: '', ours: single(fsyncs) }]),
    ],
    notes: [
      `${log.events.toLocaleString('en')} events that wait when the sealer starts; each needs its leaf and about one node hashed. Start of the thread and its first recovery are in the time.`,
      fsyncs === undefined
        ? '**fsyncs were NOT counted**: strace is absent or may not attach'
        : 'fsyncs were counted by strace on a tenth of the events, in a round of its own: two files for 256 events, and the directories, the lock and the checkpoint once a round of sealing.',
    ],
  };
}

async function fsyncsPerThousand(events: number): Promise<number | undefined> {
  const log = await startSealable(events);
  try {
    const fsyncs = await countFsyncs(process.pid, async () => {
      await sealAll(log);
    });
    return fsyncs === undefined ? undefined : (fsyncs * 1_000) / log.events;
  } finally {
    await log.remove();
  }
}

async function sealAll(log: SealableLog): Promise<Sample> {
  log.unseal();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const sealing = await log.seal();
  const milliseconds = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  await sealing.close();
  return {
    perSecond: (log.events * 1_000) / milliseconds,
    cpuPerThousand: (user + system) / 1_000 / log.events,
  };
}
