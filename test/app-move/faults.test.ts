import { linesOf, MOVE_LIMITS, type MoveFaultKind } from '@stamp-ledger/app';
import { entryText, type StreamName } from '@stamp-ledger/codec';
import t from 'tap';
import {
  contentsOf,
  each,
  emptyStore,
  eventAt,
  exported,
  faultOf,
  fill,
  HEADER,
  imported,
  sealed,
} from './moving.js';

const COUNT = 60;
const source = await emptyStore();
t.teardown(() => source.destroy());
await fill(source.store, COUNT, 3);
const lines = await exported(source.store);
const entries = lines.slice(1, -1);
const contents = await contentsOf(source.store);

const entry = (index: number, stream: string, revision: number): string =>
  entryText({ ...eventAt(index), stream: stream as StreamName, revision });

const WRONG: readonly [what: string, lines: readonly string[], kind: MoveFaultKind, line: number][] = [
  ['nothing', [], 'not-an-export', 1],
  ['no header', entries, 'not-an-export', 1],
  ['another document', ['{"format":"other","version":1}'], 'not-an-export', 1],
  [
    'a header with more in it',
    ['{"format":"stamp-ledger-export","host":"a","version":1}'],
    'not-an-export',
    1,
  ],
  ['a later version', ['{"format":"stamp-ledger-export","version":2}'], 'unsupported-version', 1],
  ['no trailer', lines.slice(0, -1), 'truncated', COUNT + 1],
  ['the header alone', [HEADER], 'truncated', 1],
  ['half a line', [...lines.slice(0, 7), lines[7]!.slice(0, 30)], 'malformed-line', 8],
  ['no JSON', [HEADER, 'hello'], 'malformed-line', 2],
  ['an empty line', [HEADER, '', ...lines.slice(1)], 'malformed-line', 2],
  ['an event printed otherwise', [HEADER, entries[0]!.replace('{"data"', '{ "data"')], 'malformed-line', 2],
  ['a member twice', [HEADER, entries[0]!.replace('"id":', '"id":"x","id":')], 'malformed-line', 2],
  [
    'one member more',
    [HEADER, entries[0]!.replace('"metadata"', '"more":1,"metadata"')],
    'malformed-line',
    2,
  ],
  ['a stream of nobody', [HEADER, entry(0, '$ce-stamp', 0)], 'malformed-line', 2],
  ['a negative revision', [HEADER, entry(0, 'stamp-1', -1)], 'malformed-line', 2],
  [
    'an id that is no UUID',
    [HEADER, entry(0, 'stamp-1', 0).replace(eventAt(0).id, 'x')],
    'malformed-line',
    2,
  ],
  ['a trailer with more in it', [HEADER, '{"events":0,"more":1,"sha256":""}'], 'malformed-line', 2],
  ['another number of events', [...lines.slice(0, -1), lines.at(-1)!.replace('60', '61')], 'wrong-count', 62],
  ['an event left out', lines.toSpliced(COUNT, 1), 'wrong-count', 61],
  ['another hash', [...lines.slice(0, -1), sealed([]).at(-1)!.replace('0,', '60,')], 'wrong-hash', 62],
  ['a line behind the trailer', [...lines, ''], 'after-the-end', 63],
];

t.test('whatever is wrong with an export has a name and a line, and the right one goes on', async (t) => {
  for (const [index, [what, wrong, kind, line]] of WRONG.entries()) {
    const target = await emptyStore();
    const inOrderAppends = index % 2 === 0;
    t.strictSame(await faultOf(imported(target.store, wrong, { inOrderAppends })), [kind, line], what);
    t.equal((await imported(target.store, lines, { inOrderAppends })).kind, 'complete');
    t.strictSame(await contentsOf(target.store), contents);
    await target.destroy();
  }
});

t.test('an event that cannot follow its stream is refused, and nothing behind it is written', async (t) => {
  const good = [entry(0, 'stamp-1', 0), entry(1, 'stamp-2', 0), entry(2, 'stamp-1', 1)];
  const behind = [entry(8, 'stamp-3', 0), entry(9, 'stamp-2', 1)];
  const bad = [
    ['a gap', entry(3, 'stamp-1', 3)],
    ['a gap beside its neighbour', entry(3, 'stamp-1', 7)],
    ['a stream that begins late', entry(3, 'stamp-9', 1)],
    ['a revision twice', entry(3, 'stamp-2', 0)],
    ['a stream that begins twice', entry(3, 'stamp-1', 0)],
    ['an event twice', entry(1, 'stamp-2', 0)],
  ] as const;
  for (const [what, wrong] of bad)
    for (const inOrderAppends of [true, false]) {
      const target = await emptyStore();
      const file = sealed([...good, wrong, ...behind]);
      t.strictSame(
        await faultOf(imported(target.store, file, { inOrderAppends })),
        ['revision-out-of-order', 5],
        what,
      );
      const right = sealed([...good, ...behind]);
      t.equal((await imported(target.store, right, { inOrderAppends })).kind, 'complete', what);
      t.strictSame(await exported(target.store), right);
      await target.destroy();
    }
});

t.test('an event that no import would take is not exported', async (t) => {
  const other = await emptyStore();
  const stream = 'stamp-1' as StreamName;
  await other.store.append([{ stream, expected: 'no-stream', events: [eventAt(0)] }]);
  await other.store.append([{ stream, expected: 0, events: [{ ...eventAt(1), data: '{ "loose": 1 }' }] }]);
  t.strictSame(await faultOf(exported(other.store)), ['not-portable', 3]);
  await other.destroy();
});

const collect = async (...chunks: (string | Uint8Array)[]): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of linesOf(each(chunks.map((chunk) => Buffer.from(chunk))))) lines.push(line);
  return lines;
};

t.test('lines end at line feeds only, wherever the chunks end', async (t) => {
  const text = 'one\n\u2028two\r\n\n\ufeffthree 🧾\n';
  const wanted = ['one', '\u2028two\r', '', '\ufeffthree 🧾'];
  t.strictSame(await collect(text), wanted);
  const bytes = Buffer.from(text);
  for (let size = 1; size < 9; size++) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    t.strictSame(await collect(...chunks), wanted);
  }
  t.strictSame(await collect(), []);
});

t.test('lines that no export has', async (t) => {
  t.strictSame(await faultOf(collect('one\ntw')), ['truncated', 2]);
  t.strictSame(await faultOf(collect('one\n', Uint8Array.of(0xff, 0x0a))), ['malformed-line', 2]);
  const long = 'x'.repeat(MOVE_LIMITS.lineBytes + 1);
  t.strictSame(await faultOf(collect(`${long}\n`)), ['malformed-line', 1]);
  t.strictSame(await faultOf(collect('\n', long)), ['malformed-line', 2]);
  t.strictSame(await collect(`${long.slice(1)}\n`), [long.slice(1)]);
});
