import { assertStorable, CodecError, canonicalJson } from '@stamp-ledger/codec';
import fc from 'fast-check';
import t from 'tap';

t.test('canonical JSON orders members and prints the shortest form (RFC 8785)', async (t) => {
  t.equal(
    canonicalJson({ b: 1, a: [true, null, 'é\u2028"\\\n'], A: {} }),
    '{"A":{},"a":[true,null,"é\u2028\\"\\\\\\n"],"b":1}',
  );
  t.equal(
    canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '\u0080': 4 }),
    '{"\\r":2,"\u0080":4,"\u20ac":1,"\ufb33":3}',
  );
});

t.test('what does not survive parsing and printing is refused', async (t) => {
  const cases: readonly [string, unknown][] = [
    ['a fraction', { n: 1.5 }],
    ['an integer beyond 2^53', { n: 2 ** 53 }],
    ['negative zero', { n: -0 }],
    ['NaN', { n: Number.NaN }],
    ['a bigint', { n: 1n }],
    ['undefined', { n: undefined }],
    ['a function', { n: () => 1 }],
    ['an integer-like key', { '1': 'x', a: 'y' }],
    ['a __proto__ key', JSON.parse('{"__proto__":1}')],
    ['a lone surrogate', { s: '\ud800' }],
    ['a lone surrogate in a key', { '\udfff': 1 }],
    ['a date', { at: new Date(0) }],
    ['a class instance', { m: new Map() }],
    ['deep nesting', JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`)],
  ];
  for (const [name, value] of cases) t.throws(() => canonicalJson(value), CodecError, name);
});

t.test('everything that is accepted is the same after parsing and printing again', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      try {
        assertStorable(value);
      } catch {
        return;
      }
      const text = canonicalJson(value);
      t.equal(canonicalJson(JSON.parse(text)), text);
    }),
    { numRuns: 2000 },
  );
});

t.test('whatever parsing changes is not accepted', async (t) => {
  // The other direction: a text that JSON.parse would not give back is never the print of an accepted value.
  fc.assert(
    fc.property(fc.json(), (text) => {
      const parsed: unknown = JSON.parse(text);
      try {
        assertStorable(parsed);
      } catch {
        return;
      }
      t.strictSame(JSON.parse(canonicalJson(parsed)), parsed);
    }),
    { numRuns: 2000 },
  );
});
