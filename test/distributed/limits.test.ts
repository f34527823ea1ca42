import { EVENT_STORE_DB_LIMITS } from '@stamp-ledger/eventstoredb';
import { KAFKA_LIMITS } from '@stamp-ledger/kafka';
import { POSTGRES_LIMITS } from '@stamp-ledger/postgres';
import t from 'tap';

/** A process has this long to end (SIGTERM drains and exits 0 within 10 s). */
const DRAIN = 10_000;

t.test('a reader of the bus waits for no statement longer than Kafka waits for the reader', async (t) => {
  const session = KAFKA_LIMITS.readerSessionMilliseconds;
  const { statementMilliseconds, lockMilliseconds, graceMilliseconds } = POSTGRES_LIMITS;
  t.ok(statementMilliseconds < session / 3);
  t.ok(lockMilliseconds < statementMilliseconds, 'a lock that is not free is told as such');
  t.ok(statementMilliseconds + graceMilliseconds < session / 2, 'a server that is gone without a word');
});

t.test('who holds locks gives them up before the server gives them to another', async (t) => {
  const { shareMilliseconds, shareLookMilliseconds, graceMilliseconds } = POSTGRES_LIMITS;
  t.ok(
    shareMilliseconds + shareLookMilliseconds + graceMilliseconds < POSTGRES_LIMITS.silentSessionMilliseconds,
  );
  const { pulseMilliseconds, pulseAnswerMilliseconds } = POSTGRES_LIMITS;
  t.ok(
    pulseMilliseconds + pulseAnswerMilliseconds + graceMilliseconds <
      POSTGRES_LIMITS.silentSessionMilliseconds,
  );
});

t.test('what closes in the end fits into a drain', async (t) => {
  t.ok(KAFKA_LIMITS.closeMilliseconds < DRAIN / 2);
  t.ok(EVENT_STORE_DB_LIMITS.closeMilliseconds < DRAIN / 4);
});
