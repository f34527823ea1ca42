import { type LogKeys, logKeysDecider, type ObserveLogKeys } from '@stamp-ledger/domain';
import t from 'tap';

/** The events that follow from looking at keys, and what is known then. `+` signs. */
function look(known: LogKeys, ...keys: readonly string[]) {
  const seen: ObserveLogKeys = {
    kind: 'observe',
    keys: keys.map((text) => ({ vkey: text.replace('+', ''), signs: text.endsWith('+') })),
  };
  const decision = logKeysDecider.decide(known, seen);
  const events = decision.kind === 'accepted' ? decision.events : [];
  return {
    said: events.map(({ type, data }) => `${type} ${data.vkey}`),
    known: events.reduce(logKeysDecider.evolve, known),
  };
}

t.test('keys are recorded when they come and when they go, each once', (t) => {
  const first = look(logKeysDecider.initialState, 'a+');
  t.strictSame(first.said, [], 'the first is known from outside');
  const rotated = look(first.known, 'b', 'a+');
  t.strictSame(rotated.said, ['LogKeyAdded b'], 'also before it has signed');
  t.strictSame(look(rotated.known, 'b+', 'a+').said, []);
  const retired = look(rotated.known, 'b+', 'a');
  t.strictSame(retired.said, ['LogKeyRetired a']);
  t.strictSame(look(retired.known, 'b+', 'a').said, []);
  const late = look(retired.known, 'd+', 'c', 'b', 'a');
  t.strictSame(
    late.said,
    ['LogKeyAdded c', 'LogKeyAdded d', 'LogKeyRetired b', 'LogKeyRetired c'],
    'what was not looked at in between, in its order',
  );
  t.end();
});
