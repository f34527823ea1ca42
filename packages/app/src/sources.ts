import { deriveCommandId, sha256Hex } from '@stamp-ledger/codec';
import type { CommandId } from '@stamp-ledger/domain';
import type { CommandSource } from './aggregate.js';
import type { Caller } from './ledger.js';

/** Metadata of a command that a caller sent. */
export const fromCaller = ({
  commandId,
  correlationId,
  actor,
  requestHash,
  deadline,
}: Caller): CommandSource => ({
  commandId,
  correlationId,
  causationId: commandId,
  actor,
  requestHash,
  ...(deadline === undefined ? {} : { deadline }),
});

/**
 * Metadata of a command that a process of the ledger gives, named by its work: done again after a crash, it is the
 * same command with the same event ids.
 */
export function fromProcess(
  process: 'minting' | 'allocation' | 'fulfilment' | 'expiry' | 'waiting-room' | 'replenishment' | 'log-keys',
  ...work: readonly string[]
): CommandSource {
  const commandId: CommandId = deriveCommandId(process, ...work);
  return {
    commandId,
    correlationId: commandId,
    causationId: commandId,
    actor: `ledger:${process}`,
    requestHash: sha256Hex([process, ...work].join('\n')),
  };
}
