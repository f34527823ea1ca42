import { CodecError, canonicalJson } from '@stamp-ledger/codec';
import canonicalize from 'canonicalize';
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

const accepted = (value: unknown): string | undefined => {
  try {
    return canonicalJson(value);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
};

t.test('what is printed is what a well-kept library prints', async (t) => {
  let printed = 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4, noUnicodeString: false }), (value) => {
      const text = accepted(value);
      if (text === undefined) return;
      printed++;
      if (text !== canonicalize(value)) t.fail(text);
    }),
    { numRuns: 3000 },
  );
  t.ok(printed > 500, `${printed} values were printed`);
});

t.test('everything that is printed is the same after parsing and printing again', async (t) => {
  let printed = 0;
  fc.assert(
    fc.property(fc.json(), (json) => {
      const value: unknown = JSON.parse(json);
      const text = accepted(value);
      if (text === undefined) return;
      printed++;
      if (canonicalJson(JSON.parse(text)) !== text) t.fail(text);
    }),
    { numRuns: 3000 },
  );
  t.ok(printed > 500, `${printed} values were printed`);
});
