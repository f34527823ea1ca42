import { haltsIntake, type SealStatus } from '@stamp-ledger/app';

/** Why no event may be taken while sealing stands so; undefined when they may. */
export function intakeClosed(status: SealStatus): string | undefined {
  switch (status.kind) {
    case 'running':
    case 'starting':
      return undefined;
    case 'refilling':
      return 'lost events are being put back';
    case 'halted':
      return haltsIntake(status.halt) ? status.halt.detail : undefined;
  }
}
