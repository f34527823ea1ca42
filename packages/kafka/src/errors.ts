import { PortError } from '@stamp-ledger/ports';

/** A failure of Kafka as the port shows it. Kafka's own messages name hosts and groups: only what kind it was is told. */
export function kafkaError(error: unknown, doing: string): PortError {
  if (error instanceof PortError) return error;
  return new PortError('unavailable', `${doing} failed at Kafka: ${kindOf(error)}`, { cause: error });
}

function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const type = typeIn(error) ?? typeIn(error.cause);
  return type === undefined ? error.name : `${error.name} (${type})`;
}

/** The protocol's name of an error, as `NOT_ENOUGH_REPLICAS`. */
function typeIn(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('type' in error)) return undefined;
  return typeof error.type === 'string' ? error.type : undefined;
}

const AWAY: ReadonlySet<string> = new Set([
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
]);

/** Whether an attempt to connect found nobody, and not one who refuses. */
export const isAway = (error: unknown): boolean => error instanceof Error && AWAY.has(error.name);
