import { checkCharacter, GENERATED_MARK, generatedSerial, money, parseSerial } from '@stamp-ledger/domain';
import fc from 'fast-check';
import t from 'tap';

const CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const body = fc.stringMatching(/^[0-9A-Z]{17}$/);
const serialOf = (text: string) => {
  const parsed = parseSerial(text);
  return parsed.ok ? parsed.serial : undefined;
};

t.test('check character: known answers of ISO/IEC 7064 MOD 37,36', async (t) => {
  // The example of the GRid standard, and published ISANs with both of their check characters.
  const known = [
    ['A12425GABC1234002', 'M'],
    ['B159D8FA01240000', 'K'],
    ['00000000D07A0090', 'Q'],
    ['00000000D07A009000000000', 'X'],
    ['0000000189470000', '8'],
    ['000000018947000000000000', 'D'],
    ['000000003A8D0000', 'Z'],
    ['000000003A8D000000000000', '6'],
  ] as const;
  for (const [text, check] of known) t.equal(checkCharacter(text), check, text);
  t.throws(() => checkCharacter('a'), RangeError);
  t.throws(() => checkCharacter('A-1'), RangeError);
});

t.test('generated serials', async (t) => {
  t.equal(generatedSerial('0123456789ABCDEFG'), 'STMP0123456789ABCDEFGN', 'a stored format: never changes');
  t.match(GENERATED_MARK, /^[2-9A-HJ-NP-Z]{4}$/, 'no character of the mark is easily misread');
  for (const wrong of ['', 'A'.repeat(16), 'A'.repeat(18), 'a'.repeat(17), `${'A'.repeat(16)}-`]) {
    t.throws(() => generatedSerial(wrong), RangeError, `"${wrong}"`);
  }
  fc.assert(
    fc.property(body, (text) => {
      const serial = generatedSerial(text);
      return /^[0-9A-Z]{22}$/.test(serial) && serialOf(serial) === serial && serial.slice(4, 21) === text;
    }),
  );
});

t.test('any single wrong character in a generated serial is found', async (t) => {
  fc.assert(
    fc.property(body, fc.nat(21), fc.integer({ min: 1, max: 35 }), (text, place, shift) => {
      const serial = generatedSerial(text);
      const wrong = CHARACTERS.charAt((CHARACTERS.indexOf(serial.charAt(place)) + shift) % 36);
      return serialOf(serial.slice(0, place) + wrong + serial.slice(place + 1)) === undefined;
    }),
    { numRuns: 5000 },
  );
  t.pass('held');
});

t.test('nearly every swap of two neighbours in a generated serial is found', async (t) => {
  let swaps = 0;
  let missed = 0;
  fc.assert(
    fc.property(body, (text) => {
      const serial = generatedSerial(text);
      for (let place = 0; place < 21; place += 1) {
        const [a, b] = [serial.charAt(place), serial.charAt(place + 1)];
        if (a === b) continue;
        swaps += 1;
        const swapped = serialOf(serial.slice(0, place) + b + a + serial.slice(place + 2));
        if (swapped !== undefined) missed += 1;
        if (swapped !== undefined && place < 4) throw new Error('a swap in the mark went unseen');
      }
    }),
    { numRuns: 2000 },
  );
  t.ok(swaps > 30_000, `${swaps} swaps tried`);
  t.ok(missed < swaps / 200, `${missed} missed`);
});

t.test('what people type', async (t) => {
  const serial = generatedSerial('K7QX2M9RD4TB5W8HN');
  for (const typed of [
    serial,
    serial.toLowerCase(),
    serial.replace(/(.{4})/g, '$1-'),
    ` ${serial.toLowerCase().replace(/(.{2})/g, '$1 ')} `,
  ]) {
    t.equal(serialOf(typed), serial, `"${typed}"`);
  }
  const foreign = 'K7QX2M9RD4TB0W5HN8CJ3F';
  t.equal(serialOf('k7qx 2m9r-d4tb 0w5h-n8cj 3f'), foreign, 'another issuer’s serial needs no check of ours');
  t.equal(serialOf(`SXYP${foreign.slice(4)}`), `SXYP${foreign.slice(4)}`, 'two of the mark are no mark');
  t.equal(serialOf(`TXMP${foreign.slice(4)}`), `TXMP${foreign.slice(4)}`, 'half a swap is no swap');
  for (const wrong of [
    '',
    foreign.slice(1),
    `${foreign}0`,
    foreign.replace('K', 'Ķ'),
    foreign.replace('K', 'ı'),
    foreign.replace('K', 'ß'),
    foreign.replace('K', '\u212a'),
    foreign.replace('K', '_'),
    `${foreign}\n`,
    `${foreign}${' '.repeat(43)}`,
    '-'.repeat(64),
    `\u00a0${foreign}`,
  ]) {
    t.equal(serialOf(wrong), undefined, JSON.stringify(wrong));
  }
  t.equal(serialOf(`${foreign}${' '.repeat(42)}`), foreign, '64 characters are read');
});

t.test('reading a serial is total and idempotent', async (t) => {
  const typed = fc.oneof(
    fc.string({ maxLength: 80, unit: 'binary' }),
    fc.stringMatching(/^[0-9A-Za-z]{22}$/),
    fc
      .tuple(body, fc.array(fc.constantFrom('', '', ' ', '-'), { minLength: 22, maxLength: 22 }))
      .map(([text, gaps]) =>
        [...generatedSerial(text).toLowerCase()].map((character, place) => character + gaps[place]).join(''),
      ),
  );
  let read = 0;
  fc.assert(
    fc.property(typed, (text) => {
      const once = serialOf(text);
      if (once === undefined) return true;
      read += 1;
      return /^[0-9A-Z]{22}$/.test(once) && serialOf(once) === once && serialOf(once.toLowerCase()) === once;
    }),
    { numRuns: 2000 },
  );
  t.ok(read > 500, `${read} serials among them`);
});

t.test('minor units', async (t) => {
  const cases: readonly (readonly [string, string, bigint | undefined])[] = [
    ['10000', 'IDR', 1_000_000n],
    ['0.5', 'USD', 50n],
    ['0.50', 'USD', 50n],
    ['0', 'USD', 0n],
    ['1.234', 'KWD', 1234n],
    ['1.2345', 'CLF', 12345n],
    ['100', 'JPY', 100n],
    ['9007199254740993', 'JPY', 9_007_199_254_740_993n],
    ['1.0', 'JPY', undefined],
    ['0.001', 'USD', undefined],
    ['1.000', 'USD', undefined],
    ['-1', 'USD', undefined],
    ['+1', 'USD', undefined],
    ['1e3', 'USD', undefined],
    ['01', 'USD', undefined],
    ['00', 'USD', undefined],
    ['.5', 'USD', undefined],
    ['5.', 'USD', undefined],
    ['', 'USD', undefined],
    [' 1', 'USD', undefined],
    ['1\n', 'USD', undefined],
    ['1,000', 'USD', undefined],
    ['0x10', 'USD', undefined],
    ['١', 'USD', undefined],
    ['Infinity', 'USD', undefined],
    ['1', 'usd', undefined],
    ['1', 'XXX', undefined],
    ['1', '', undefined],
    ['1', 'toString', undefined],
  ];
  for (const [amount, currency, minor] of cases) {
    t.equal(money.toMinorUnits({ amount, currency }), minor, `"${amount}" ${currency}`);
  }
});

t.test('amounts', async (t) => {
  t.strictSame(money.fromMinorUnits(1_000_000n, 'IDR'), { amount: '10000', currency: 'IDR' });
  t.strictSame(money.fromMinorUnits(50n, 'USD'), { amount: '0.50', currency: 'USD' });
  t.strictSame(money.fromMinorUnits(5n, 'USD'), { amount: '0.05', currency: 'USD' });
  t.strictSame(money.fromMinorUnits(0n, 'USD'), { amount: '0', currency: 'USD' });
  t.strictSame(money.fromMinorUnits(7n, 'JPY'), { amount: '7', currency: 'JPY' });
  t.throws(() => money.fromMinorUnits(-1n, 'USD'), RangeError);
  t.throws(() => money.fromMinorUnits(1n, 'XXX'), RangeError);
  t.strictSame(money.multiply({ amount: '0.10', currency: 'USD' }, 3), { amount: '0.30', currency: 'USD' });
  t.throws(() => money.multiply({ amount: '1e3', currency: 'USD' }, 3), RangeError);
  t.throws(() => money.multiply({ amount: '1', currency: 'USD' }, 0.5), RangeError);
  t.throws(() => money.multiply({ amount: '1', currency: 'USD' }, -1), RangeError);
  const usd = (amount: string) => ({ amount, currency: 'USD' });
  t.equal(money.equals(usd('1'), usd('1.00')), true);
  t.equal(money.equals(usd('1'), usd('1.01')), false);
  t.equal(money.equals(usd('1'), { amount: '1', currency: 'EUR' }), false);
  t.equal(money.equals({ amount: '1', currency: 'XXX' }, { amount: '1', currency: 'XXX' }), false);
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 17n }),
      fc.constantFrom('IDR', 'JPY', 'KWD', 'CLF'),
      (n, code) => {
        const amount = money.fromMinorUnits(n, code);
        return money.toMinorUnits(amount) === n && money.equals(amount, amount);
      },
    ),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (amount, currency) => {
      const minor = money.toMinorUnits({ amount, currency });
      return minor === undefined || minor >= 0n;
    }),
  );
});

t.test('currencies', async (t) => {
  const codes = [...CHARACTERS.slice(10)].flatMap((a) =>
    [...CHARACTERS.slice(10)].flatMap((b) => [...CHARACTERS.slice(10)].map((c) => a + b + c)),
  );
  const decimals = (code: string) =>
    [0, 1, 2, 3, 4].filter(
      (places) =>
        money.toMinorUnits({ amount: places === 0 ? '1' : `1.${'0'.repeat(places)}`, currency: code }) !==
        undefined,
    ).length - 1;
  const known = codes.filter((code) => money.isKnownCurrency(code));
  const withDecimals = (places: number) => known.filter((code) => decimals(code) === places).length;
  t.strictSame([0, 1, 2, 3, 4].map(withDecimals), [17, 0, 139, 7, 2], 'as many as ISO 4217 list one has');
  for (const gone of ['BGN', 'HRK', 'ANG', 'ZWL', 'SLL', 'CUC', 'DEM']) {
    t.notOk(money.isKnownCurrency(gone), `${gone} was withdrawn`);
  }
  for (const none of ['XAU', 'XDR', 'XXX', 'XTS', 'idr', 'IDR ', ''])
    t.notOk(money.isKnownCurrency(none), none);
  for (const recent of ['IDR', 'EUR', 'XCG', 'ZWG', 'SLE', 'VED', 'MRU', 'STN']) {
    t.ok(money.isKnownCurrency(recent), recent);
  }
});
