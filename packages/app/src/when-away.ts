import { PortError } from '@stamp-ledger/ports';

/**
 * The answer of a read model, or `otherwise` while it cannot be reached: what a command or a look-up can do without must
 * not keep it from being done.
 */
export async function whenAway<Answer>(answer: Answer | Promise<Answer>, otherwise: Answer): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PortError && error.kind !== 'corrupt') return otherwise;
    throw error;
  }
}
