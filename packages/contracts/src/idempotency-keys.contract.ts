import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { deriveCommandId } from '@stamp-ledger/codec';
import { type IdempotencyKeys, LIMITS, type StoredAnswer } from '@stamp-ledger/ports';
import { type ContractCase, contractCases, rejectsWith } from './contract.js';

/** Idempotency keys with the means to restart them and to let time pass. */
export interface KeysUnderTest {
  readonly keys: IdempotencyKeys;
  /** Closes the keys and opens them again on the same data; the log then knows the `recent` requests. */
  reopen(recent?: readonly KnownRequest[]): Promise<IdempotencyKeys>;
  /** Lets this many milliseconds pass. */
  advance(milliseconds: number): void;
  /** Closes the keys and removes their data. */
  destroy(): Promise<void>;
}

export interface KnownRequest {
  readonly key: string;
  readonly requestHash: string;
}

interface KeysCase {
  readonly name: string;
  run(underTest: KeysUnderTest, request: (name: string) => KnownRequest): Promise<void>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const answerOf = (text: string): StoredAnswer => ({
  status: 201,
  headers: { 'content-type': 'application/json', location: `/v1/orders/${text}` },
  body: `{"text":"${text} – 印紙 \\u0000 👩🏽‍⚖️"}`,
});

const CASES: readonly KeysCase[] = [
  {
    name: 'a new key is claimed once',
    async run({ keys }, request) {
      const claims = await Promise.all(Array.from({ length: 20 }, () => keys.claim(request('a'))));
      assert.deepEqual(claims.map(({ kind }) => kind).sort(), ['claimed', ...Array(19).fill('in-progress')]);
    },
  },
  {
    name: 'another request with a claimed or finished key is told apart',
    async run({ keys }, request) {
      const other = { ...request('a'), requestHash: sha256('other') };
      await keys.claim(request('a'));
      assert.deepEqual(await keys.claim(other), { kind: 'other-request' });
      await keys.finish({ key: request('a').key, answer: answerOf('a') });
      assert.deepEqual(await keys.claim(other), { kind: 'other-request' });
    },
  },
  {
    name: 'a finished request is answered as the first time',
    async run({ keys }, request) {
      const { key } = request('a');
      await keys.claim(request('a'));
      await keys.finish({ key, answer: answerOf('a') });
      for (let time = 0; time < 3; time++)
        assert.deepEqual(await keys.claim(request('a')), { kind: 'finished', answer: answerOf('a') });
      assert.deepEqual(await keys.claim(request('b')), { kind: 'claimed' });
    },
  },
  {
    name: 'a released key may be claimed again, by any request',
    async run({ keys }, request) {
      const { key } = request('a');
      await keys.claim(request('a'));
      await keys.release(key);
      assert.deepEqual(await keys.claim({ key, requestHash: sha256('other') }), { kind: 'claimed' });
      await keys.finish({ key, answer: answerOf('a') });
      await keys.release(key);
      assert.deepEqual(await keys.claim({ key, requestHash: sha256('other') }), {
        kind: 'finished',
        answer: answerOf('a'),
      });
    },
  },
  {
    name: 'a clean restart keeps finished answers and forgets claims',
    async run({ keys, reopen }, request) {
      for (let index = 0; index < 1_000; index++) {
        await keys.claim(request(`a${index}`));
        await keys.finish({ key: request(`a${index}`).key, answer: answerOf(`a${index}`) });
      }
      await keys.claim(request('running'));
      const again = await reopen();
      for (let index = 0; index < 1_000; index++)
        assert.deepEqual(await again.claim(request(`a${index}`)), {
          kind: 'finished',
          answer: answerOf(`a${index}`),
        });
      assert.deepEqual(await again.claim({ ...request('a1'), requestHash: sha256('other') }), {
        kind: 'other-request',
      });
      assert.deepEqual(await again.claim(request('running')), { kind: 'claimed' });
    },
  },
  {
    name: 'an answer is forgotten when its time is over, before or after a restart',
    async run({ keys, reopen, advance }, request) {
      for (const name of ['a', 'b']) {
        await keys.claim(request(name));
        await keys.finish({ key: request(name).key, answer: answerOf(name) });
      }
      advance(LIMITS.idempotencyKeyMilliseconds - 1);
      assert.equal((await keys.claim(request('a'))).kind, 'finished');
      advance(1);
      assert.deepEqual(await keys.claim(request('a')), { kind: 'claimed' });
      const again = await reopen();
      assert.deepEqual(await again.claim({ ...request('b'), requestHash: sha256('other') }), {
        kind: 'claimed',
      });
      await again.finish({ key: request('b').key, answer: answerOf('again') });
      assert.deepEqual(await again.claim({ ...request('b'), requestHash: sha256('other') }), {
        kind: 'finished',
        answer: answerOf('again'),
      });
    },
  },
  {
    name: 'a request that only the log knows keeps its key after a restart',
    async run({ keys, reopen, advance }, request) {
      const [a, b, kept] = [request('a'), request('b'), request('kept')];
      const other = sha256('other');
      await keys.claim(kept);
      await keys.finish({ key: kept.key, answer: answerOf('kept') });
      const again = await reopen([a, b, { ...kept, requestHash: other }]);
      assert.deepEqual(await again.claim({ ...a, requestHash: other }), { kind: 'other-request' });
      assert.deepEqual(await again.claim(a), { kind: 'claimed' }, 'carried out again: the stream answers');
      assert.deepEqual(await again.claim(a), { kind: 'in-progress' });
      await again.release(a.key);
      assert.deepEqual(await again.claim({ ...a, requestHash: other }), { kind: 'other-request' });
      assert.deepEqual(await again.claim(a), { kind: 'claimed' });
      await again.finish({ key: a.key, answer: answerOf('a') });
      assert.deepEqual(await again.claim(a), { kind: 'finished', answer: answerOf('a') });
      assert.deepEqual(await again.claim(kept), { kind: 'finished', answer: answerOf('kept') });
      assert.deepEqual(await again.claim(request('c')), { kind: 'claimed' }, 'others are not concerned');
      advance(LIMITS.idempotencyKeyMilliseconds);
      assert.deepEqual(
        await again.claim({ ...b, requestHash: other }),
        { kind: 'claimed' },
        'and not for ever',
      );
    },
  },
  {
    name: 'closed keys are unavailable',
    async run({ keys }, request) {
      await keys.close();
      await keys.close();
      await rejectsWith('unavailable', keys.claim(request('a')));
    },
  },
];

/** What every {@link IdempotencyKeys} must do. Run each case; one that rejects is a breach. */
export function idempotencyKeysContract({
  name,
  open,
}: {
  readonly name: string;
  readonly open: () => Promise<KeysUnderTest>;
}): readonly ContractCase[] {
  return contractCases({
    name,
    cases: CASES,
    open,
    run: (each, underTest) => {
      const salt = randomBytes(8).toString('hex');
      const request = (text: string): KnownRequest => ({
        key: deriveCommandId('test', salt, text),
        requestHash: sha256(text),
      });
      return each.run(underTest, request);
    },
  });
}
