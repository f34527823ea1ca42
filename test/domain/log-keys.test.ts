import { type LogKeys, logKeysDecider } from '@stamp-ledger/domain';
import t from 'tap';

/** The events that follow when these keys are seen to sign, and what is recorded then. */
function look(recorded: LogKeys, ...signers: readonly string[]) {
  const decision = logKeysDecider.decide(recorded, { kind: 'observe', signers });
  const events = decision.kind === 'accepted' ? decision.events : [];
  return {
    said: events.map(({ type, data }) => `${type} ${data.vkey}`),
    recorded: events.reduce(logKeysDecider.evolve, recorded),
  };
}

t.test('keys are recorded when they begin to sign and when they end, each once', (t) => {
  const only = look(logKeysDecider.initialState, 'a');
  t.strictSame(only.said, [], 'the only key is known from outside');
  const beside = look(only.recorded, 'a', 'b');
  t.strictSame(
    beside.said,
    ['LogKeyAdded a', 'LogKeyAdded b'],
    'the first one when a second signs beside it',
  );
  t.strictSame(look(beside.recorded, 'a', 'b').said, []);
  const without = look(beside.recorded, 'a');
  t.strictSame(without.said, ['LogKeyRetired b'], 'whichever is retired');
  t.strictSame(look(without.recorded, 'a').said, []);
  const back = look(without.recorded, 'a', 'b');
  t.strictSame(back.said, ['LogKeyAdded b'], 'a key may come back');
  t.strictSame(
    look(back.recorded, 'b', 'c', 'd').said,
    ['LogKeyAdded c', 'LogKeyAdded d', 'LogKeyRetired a'],
    'what was not looked at in between',
  );
  t.strictSame(look(back.recorded, 'z').said, ['LogKeyAdded z', 'LogKeyRetired a', 'LogKeyRetired b']);
  t.end();
});
