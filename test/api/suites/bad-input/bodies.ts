import { gzipSync } from 'node:zlib';
import { UNKNOWN_SERIAL } from '../../world.js';
import { bad, type Case } from './case.js';

const PATH = '/v1/verifications';
const GOOD = JSON.stringify({ serial: UNKNOWN_SERIAL });

/** Bodies and keys that are at fault before anybody looks at what they say. */
export const bodyCases = (): Case[] => [...jsonCases(), ...mediaCases(), ...keyCases()];

function jsonCases(): Case[] {
  const raw = (what: string, sent: string | Uint8Array, answer: string): Case =>
    bad(what, PATH, { raw: sent }, answer);
  return [
    raw('a body of 1 MB', JSON.stringify({ serial: 'x'.repeat(1_000_000) }), '413 body-too-large'),
    raw('__proto__', '{"serial":"x","__proto__":{"admin":true}}', '400 forbidden-key'),
    raw('__proto__ in disguise', '{"serial":"x","\\u005f_proto__":{}}', '400 forbidden-key'),
    raw('constructor.prototype', '{"serial":"x","constructor":{"prototype":{}}}', '400 forbidden-key'),
    raw('invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), '400 invalid-utf-8'),
    raw('half a surrogate pair', '{"serial":"\\ud800"}', '400 malformed-json'),
    raw('a byte order mark', `\ufeff${GOOD}`, '400 malformed-json'),
    raw('no JSON', '{"serial":', '400 malformed-json'),
    raw('nothing', '', '400 malformed-json'),
    raw('an array', '[]', '400 invalid-request'),
    raw('deep nesting', '['.repeat(30_000) + ']'.repeat(30_000), '400 invalid-request'),
    raw('a key twice', '{"serial":"a","serial":"b"}', '400 duplicate-key'),
    raw('a key twice in disguise', '{"serial":"a","s\\u0065rial":"b"}', '400 duplicate-key'),
    raw('an integer beyond 2^53', '{"serial":9007199254740993}', '400 unsafe-integer'),
    raw('a number beyond all', '{"serial":1e999}', '400 unsafe-integer'),
    raw('minus 2^53', '{"serial":-9007199254740992}', '400 unsafe-integer'),
    ...['1.0', '1e3', '1E3', '1.00000000000000000001', '-0', '-0.0', '0.10', '1e-400'].map((number) =>
      raw(`the number ${number}`, `{"serial":[{"a":${number}}]}`, '400 non-canonical-number'),
    ),
    raw('a number in a string', '{"serial":"1.0","quantity":"-0"}', '400 invalid-request'),
    raw('an honest fraction', '{"serial":1.5}', '400 invalid-request'),
  ];
}

function mediaCases(): Case[] {
  const sent = (
    what: string,
    raw: string | Uint8Array,
    headers: Record<string, string>,
    answer: string,
  ): Case => bad(what, PATH, { raw, headers }, answer);
  const typed = (what: string, type: string, raw = GOOD): Case =>
    sent(what, raw, { 'content-type': type }, '415 unsupported-media-type');
  return [
    sent('gzip', gzipSync(GOOD), { 'content-encoding': 'gzip' }, '415 unsupported-encoding'),
    typed('the wrong media type', 'text/plain'),
    typed('a form', 'application/x-www-form-urlencoded', 'serial=x'),
    typed('merge-patch', 'application/merge-patch+json'),
    typed('another charset', 'application/json; charset=latin1'),
  ];
}

function keyCases(): Case[] {
  const keyed = (what: string, key: string | null, problem = 'invalid-idempotency-key'): Case =>
    bad(what, PATH, { raw: GOOD, key }, `400 ${problem}`);
  return [
    keyed('no key', null, 'idempotency-key-required'),
    keyed('an empty key', ''),
    keyed('a key of two words', 'two words'),
    keyed('a key that is too long', 'k'.repeat(256)),
    keyed('a key with an open quote', '"open'),
  ];
}
