import { PortError } from '@stamp-ledger/ports';

/** A failure of Kafka as the port shows it. */
export function kafkaError(error: unknown, doing: string): PortError {
  if (error instanceof PortError) return error;
  const name = error instanceof Error ? error.name : 'unknown error';
  return new PortError('unavailable', `${doing} failed at Kafka: ${name}`, { cause: error });
}
