import { fnv1a } from '@stamp-ledger/codec';
import t from 'tap';

// Published vectors of the 32-bit FNV-1a. Work is divided by it among processes that may be of different versions.
for (const [text, hash] of [
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
] as const)
  t.equal(fnv1a(text), hash, JSON.stringify(text));
