import type { HaltReason, Ledger, Sealing, SealStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import type { Health } from '@stamp-ledger/wiring';

/** One reason not to send requests here, or why some answers are old. */
export interface FailingCheck {
  readonly check:
    | 'draining'
    | 'store-corrupt'
    | 'store-unavailable'
    | 'projection-halted'
    | 'read-model-lag'
    | 'sealing-halted'
    | 'ledger';
  readonly projection?: string;
  /** Why sealing halted, or `refilling` while lost events are put back. */
  readonly reason?: HaltReason | 'refilling';
}

/** Milliseconds the log gets to say where it ends. */
const PROBE_MILLISECONDS = 1_000;
/** Milliseconds that a read model may be behind without moving. */
const STALL_MILLISECONDS = 15_000;

export interface Readiness {
  /** From now on nothing new should come. */
  drain(): void;
  /** The store showed damage: not ready again until restarted. */
  corrupt(): void;
  look(): Promise<Standing>;
  /** Undefined where this process does not know what is sealed. A sealer that is behind is no reason to stay away. */
  sealing(): SealingState | undefined;
}

export interface SealingState {
  /** `starting` also while no sealer has said anything. */
  readonly status: SealStatus['kind'];
  /** In the published log. */
  readonly events: number;
  /** For which the oldest unsealed event has waited; 0 when all are sealed. */
  readonly lagMilliseconds: number;
}

/** How the API stands: it is ready when nothing is failing. */
export interface Standing {
  readonly failing: readonly FailingCheck[];
  /** What is wrong although requests should be sent here. */
  readonly degraded: readonly FailingCheck[];
}

/**
 * Read models that another process writes fail for every API at once: then no API would be left for the commands and
 * strong reads that need none of them, so they only degrade it. Its own make a process unready.
 */
export function createReadiness(
  ledger: Ledger,
  { health, readModels }: { readonly health: () => Health; readonly readModels: 'own' | 'shared' },
): Readiness {
  const stalls = createStallWatch(ledger);
  let draining = false;
  let corrupt = false;
  return {
    drain: () => {
      draining = true;
    },
    corrupt: () => {
      corrupt = true;
    },
    look: async () => {
      const failing: FailingCheck[] = [];
      const behind: FailingCheck[] = [];
      if (draining) failing.push({ check: 'draining' });
      if (corrupt) failing.push({ check: 'store-corrupt' });
      const head = await probe(ledger);
      if (head === 'unavailable') failing.push({ check: 'store-unavailable' });
      for (const { projection, halted } of ledger.readModels.status())
        if (halted !== undefined) behind.push({ check: 'projection-halted', projection });
      if (head !== 'unavailable') behind.push(...stalls(head));
      if (readModels === 'own') failing.push(...behind);
      failing.push(...sealingHalt(ledger));
      const degraded = readModels === 'own' ? [] : behind;
      // The sentences of the ledger's own health are for logs: they may tell more than a client should read.
      if (failing.length === 0 && degraded.length === 0 && !health().ready) failing.push({ check: 'ledger' });
      return { failing, degraded };
    },
    sealing: () => ledger.sealing && stateOf(ledger.sealing),
  };
}

const stateOf = (sealing: Sealing): SealingState => ({
  status: sealing.status().kind,
  events: sealing.sealed()?.size ?? 0,
  lagMilliseconds: Math.round(sealing.lagMilliseconds()),
});

function sealingHalt({ sealing }: Ledger): FailingCheck[] {
  const status = sealing?.status();
  if (status?.kind === 'halted') return [{ check: 'sealing-halted', reason: status.halt.reason }];
  return status?.kind === 'refilling' ? [{ check: 'sealing-halted', reason: 'refilling' }] : [];
}

async function probe(ledger: Ledger): Promise<Position | undefined | 'unavailable'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'unavailable'>((resolve) => {
    timer = setTimeout(() => resolve('unavailable'), PROBE_MILLISECONDS);
  });
  try {
    return await Promise.race([ledger.audit.head(), late]);
  } catch {
    return 'unavailable';
  } finally {
    clearTimeout(timer);
  }
}

/** Finds read models that are behind the log and have not moved between two looks that lie far enough apart. */
function createStallWatch(ledger: Ledger): (head: Position | undefined) => FailingCheck[] {
  const seen = new Map<string, { readonly position: Position | undefined; readonly since: number }>();
  return (head) =>
    ledger.readModels.status().flatMap(({ projection, position }): FailingCheck[] => {
      const before = seen.get(projection);
      const behind = head !== undefined && (position === undefined || position < head);
      if (!behind || before === undefined || before.position !== position) {
        seen.set(projection, { position, since: performance.now() });
        return [];
      }
      return performance.now() - before.since > STALL_MILLISECONDS
        ? [{ check: 'read-model-lag', projection }]
        : [];
    });
}
