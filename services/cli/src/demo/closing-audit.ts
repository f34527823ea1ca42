import { setTimeout as sleep } from 'node:timers/promises';
import type { ConservationAnswer } from '@stamp-ledger/client';
import { believed, proofsOf } from '../audit/proven.js';
import { differencesOf } from '../conservation/report.js';
import type { Output } from '../output.js';
import { startProgress } from '../progress.js';
import type { Traced } from '../trace.js';
import { LogAudit } from './log-audit.js';
import type { World } from './world.js';

const STILL_MILLISECONDS = 500;

export interface ClosingAudit {
  readonly conservation: ConservationAnswer;
  readonly audit: LogAudit;
  readonly trace?: Traced;
}

/** Checks everything from outside, once nothing moves any more; what is amiss goes to the world's faults. */
export async function closingAudit(world: World, output: Output, url: string): Promise<ClosingAudit> {
  const { client, faults, signal } = world;
  const conservation = await whenStill(world);
  const audit = await readLog(world, conservation, output);
  audit.compare(conservation);
  const differences = differencesOf(conservation);
  faults.expect(differences === 0, () => `the conservation report shows ${differences} differences`);
  const { body } = await client.audit.unfulfilled({ limit: 10 }, { signal });
  for (const { orderId, cause } of body.orders)
    faults.add(`order ${orderId} is paid and has no stamps: ${cause}`);
  const serial = world.longestLife;
  if (serial === undefined) return { conservation, audit };
  return { conservation, audit, trace: await traced(world, serial, url) };
}

async function traced({ client, faults, signal }: World, serial: string, url: string): Promise<Traced> {
  const { body: history } = await client.stamps.history(serial, { signal });
  const trust = await believed({ url }, {});
  const proofs = await proofsOf({ client }, history, trust);
  for (const [revision, { kind }] of proofs)
    faults.expect(
      kind !== 'failed',
      () => `revision ${revision} of ${serial} is not proven to be in the log`,
    );
  return { history, proofs, trust };
}

/** The report, as soon as two in a row speak of the same position. */
async function whenStill({ client, signal }: World): Promise<ConservationAnswer> {
  let { body: report } = await client.audit.conservation({}, { signal });
  for (;;) {
    await sleep(STILL_MILLISECONDS, undefined, { signal });
    const { body: next } = await client.audit.conservation({}, { signal });
    if (next.asOf.position === report.asOf.position) return next;
    report = next;
  }
}

/** Reads the log up to the position that the report speaks of. */
async function readLog(world: World, report: ConservationAnswer, output: Output): Promise<LogAudit> {
  const { client, facts, faults, signal } = world;
  const audit = new LogAudit(facts, faults);
  const progress = startProgress(output, 'finding every acknowledged fact in the log', facts.count);
  try {
    for await (const event of client.events.follow({ stopAtHead: true, signal })) {
      audit.take(event);
      progress.update(audit.factsFound);
      if (event.position === report.asOf.position) break;
    }
    return audit;
  } finally {
    progress.stop();
  }
}
