import { randomUUID } from 'node:crypto';
import { OperationsRecorder } from '@stamp-ledger/app';
import { PortError, type SealGap } from '@stamp-ledger/ports';
import { openPostgresOperationsJournal } from '@stamp-ledger/postgres';
import type { DistributedGiven } from '../run-service.js';
import { monotoneClock } from '../runtime.js';
import { VERSION } from '../version.js';

/** Tells the journal of this process from its start to its stop. */
export async function recordRun(
  { engines, logger }: DistributedGiven,
  { service, sealGaps }: { readonly service: string; readonly sealGaps?: () => readonly SealGap[] },
): Promise<{ end(): Promise<void> } | undefined> {
  const onPortError = (error: PortError): void =>
    logger.warn({ kind: error.kind, reason: error.message }, 'the journal cannot be written');
  const journal = await openPostgresOperationsJournal(engines.database).catch((error: unknown) => {
    // A part does its work whether or not it is written down that it does.
    if (!(error instanceof PortError)) throw error;
    onPortError(error);
  });
  if (journal === undefined) return undefined;
  const recorder = new OperationsRecorder({
    journal,
    clock: monotoneClock(),
    run: { service, version: VERSION, instance: randomUUID() },
    lags: async () => [],
    ...(sealGaps && { sealGaps }),
    onPortError,
  });
  recorder.start();
  return {
    end: async () => {
      await recorder.stop();
      // Not waited for: a write that hangs would hold up the end, and the connections end with the process.
      void journal.close().catch(() => undefined);
    },
  };
}
