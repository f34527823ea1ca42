import { createHash } from 'node:crypto';
import {
  ALGORITHM,
  cosign,
  formatCheckpoint,
  formatSignatureLine,
  formatVkey,
  isKeyName,
  makeSigner,
  makeVerifier,
  openCheckpoint,
  openNote,
  parseCheckpoint,
  parseCosignature,
  parseNote,
  parseSkey,
  parseVkey,
  type SignerKey,
  signCheckpoint,
  signNote,
} from '@stamp-ledger/transparency';
import t from 'tap';
import { faultOf } from './naive.js';

const signerOf = (name: string, seed = 1): SignerKey => makeSigner({ name, seed: Buffer.alloc(32, seed) });
const ROOT = Buffer.alloc(32, 9);

t.test('the note of the standard opens', async (t) => {
  const vkey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
  const note =
    'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
  const opened = openNote(Buffer.from(note), [parseVkey(vkey)]);
  t.equal(opened.text, 'This is an example message.\n');
  t.strictSame(
    opened.verified.map(({ key }) => formatVkey(key)),
    [vkey],
  );
  t.equal(
    faultOf(() => openNote(Buffer.from(note.replace('example m', 'exampel m')), [parseVkey(vkey)])),
    'bad-signature',
  );
});

t.test('the published cosignature/v1 holds, over its time and every line of the checkpoint', async (t) => {
  const origin = 'milan2026h1.example.org';
  const witness = parseVkey('witness2.example.org+2e55b896+BIZ7fpceQWd60IfqQeS9IAnmNOCZjMDne8lZuguz/bi9');
  const text = `${origin}\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n`;
  const line =
    '\u2014 witness2.example.org LlW4lgAAAABpVGeAN/uFWqfjdU94rrKxFycCggM0Sa1L5tOJCJdYBwJ41CQsgKWA6B0+vywok3cPI3JIzuPeR+VotuYe/eNy0+30Dw==\n';
  const opened = openNote(Buffer.from(`${text}\n${line}`), [witness]);
  const cosignature = parseCosignature(opened.verified[0]!.signature.signature);
  t.equal(cosignature?.time, 0x69546780);
  t.equal(parseCheckpoint(text).size, 300);
  for (const other of [text.replace('300', '301'), `${text}more\n`])
    t.equal(
      faultOf(() => openNote(Buffer.from(`${other}\n${line}`), [witness])),
      'bad-signature',
    );
  t.equal(
    createHash('sha256').update(origin).digest('hex'),
    '88ad7a28caeb0b2aa890fdf0304c2fcaf59fca2ee140134ff8c1300bac493482',
  );
  t.equal(
    faultOf(() =>
      openCheckpoint(Buffer.from(`${text}\n${line}`), { origin, logKeys: [], witnesses: [witness] }),
    ),
    'no-known-signature',
    'a witness does not stand in for the log',
  );
});

t.test('our cosignatures are those that verify', async (t) => {
  const log = signerOf('log.example');
  const witness = makeSigner({
    name: 'w.example',
    seed: Buffer.alloc(32, 2),
    algorithm: ALGORITHM.cosignature,
  });
  const checkpoint = { origin: 'log.example', size: 2 ** 53 - 1, root: ROOT };
  const signed = signCheckpoint(checkpoint, [log]);
  const { name, keyId } = witness.verifier;
  const add = (signature: Buffer) =>
    Buffer.concat([signed, Buffer.from(formatSignatureLine({ name, keyId, signature }))]);
  const payload = cosign({ signer: witness, checkpoint: formatCheckpoint(checkpoint), time: 1_767_139_200 });
  const trust = { origin: 'log.example', logKeys: [log.verifier], witnesses: [witness.verifier] };
  const opened = openCheckpoint(add(payload), trust);
  t.equal(opened.size, 2 ** 53 - 1);
  t.equal(opened.note.verified.length, 2);
  const later = Buffer.from(payload);
  later[7]! ^= 1;
  for (const bad of [later, payload.subarray(1), payload.subarray(8)])
    t.equal(
      faultOf(() => openCheckpoint(add(bad), trust)),
      'bad-signature',
    );
  t.equal(
    faultOf(() => cosign({ signer: log, checkpoint: '', time: 1 })),
    'bad-key',
  );
  t.equal(
    faultOf(() => cosign({ signer: witness, checkpoint: '', time: -1 })),
    'out-of-range',
  );
  t.equal(parseCosignature(Buffer.concat([Buffer.alloc(8, 0xff), Buffer.alloc(64)])), undefined);
});

t.test('several signers, strangers and repeats', async (t) => {
  const [old, fresh, stranger] = [
    signerOf('log.example', 1),
    signerOf('log.example', 2),
    signerOf('who.example', 3),
  ];
  const note = signNote('text\n\nmore\n', [old, fresh, stranger, old]);
  t.equal(parseNote(note).text, 'text\n\nmore\n', 'split at the last blank line');
  t.equal(parseNote(note).signatures.length, 4);
  const both = openNote(note, [fresh.verifier, old.verifier]);
  t.strictSame(
    both.verified.map(({ key }) => key),
    [old.verifier, fresh.verifier],
  );
  t.equal(openNote(note, [fresh.verifier]).verified.length, 1);
  t.equal(
    faultOf(() => openNote(note, [signerOf('log.example', 9).verifier])),
    'no-known-signature',
  );
  const forged = formatSignatureLine({
    name: 'log.example',
    keyId: fresh.verifier.keyId,
    signature: Buffer.alloc(64),
  });
  const mixed = Buffer.concat([signNote('text\n', [old]), Buffer.from(forged)]);
  t.equal(
    faultOf(() => openNote(mixed, [old.verifier, fresh.verifier])),
    'bad-signature',
    'one bad known signature spoils the note',
  );
  t.equal(openNote(mixed, [old.verifier]).verified.length, 1, 'that of a stranger does not');
  t.equal(
    faultOf(() => openNote(note, [old.verifier, old.verifier])),
    'bad-key',
  );
});

t.test('malformed notes are refused', async (t) => {
  const signer = signerOf('a');
  const good = signNote('t\n', [signer]).toString();
  const line = good.split('\n\n')[1]!;
  const bad: readonly (string | Buffer)[] = [
    '',
    '\n',
    't\n',
    't\n\n',
    good.slice(0, -1),
    `${good}\n`,
    good.replace('\n\n', '\n'),
    good.replace('t\n', 't\t\n'),
    good.replace('t\n', 't\r\n'),
    good.replace('t\n', 't\0\n'),
    good.replace('\u2014', '-'),
    good.replace('\u2014 ', '\u2014'),
    good.replace('\u2014 a', '\u2014  a'),
    good.replace('\u2014 a', '\u2014 a+b'),
    good.replace('\u2014 a', '\u2014 a\u00a0b'),
    good.replace('=\n', '\n'),
    good.replace('=\n', '= \n'),
    good.replace(/ [A-Za-z0-9+/=]+\n$/, ' AAAAAA==\n'),
    `${good}not a signature\n`,
    `t\n\n${line.repeat(101)}`,
    Buffer.concat([Buffer.of(0xff), Buffer.from(good)]),
    Buffer.concat([Buffer.from('x'.repeat(1_000_001)), Buffer.from(good)]),
  ];
  for (const note of bad)
    t.equal(
      faultOf(() => openNote(Buffer.from(note), [signer.verifier])),
      'malformed-note',
      JSON.stringify(note.toString().slice(0, 60)),
    );
  t.equal(openNote(Buffer.from(`t\n\n${line.repeat(100)}`), [signer.verifier]).verified.length, 1);
  for (const text of ['t', 't\u0001\n', '\ud800\n'])
    t.equal(
      faultOf(() => signNote(text, [signer])),
      'malformed-note',
    );
  t.equal(
    faultOf(() => signNote('t\n', [])),
    'malformed-note',
  );
});

t.test('keys of public test suites, and keys that are none', async (t) => {
  const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  t.equal(formatVkey(parseVkey(vkey)), vkey);
  t.equal(parseVkey(vkey).algorithm, ALGORITHM.ed25519);
  const skey = signerOf('a').skey;
  t.equal(parseSkey(skey).skey, skey);
  for (const bad of [
    '',
    'a+b',
    vkey.replace('c74f20a3', 'c74f20a4'),
    vkey.replace('c74f20a3', 'C74F20A3'),
    vkey.replace('Peter', 'Peter '),
    vkey.replace('PeterNeumann', ''),
    `${vkey}=`,
    vkey.slice(0, -4),
    vkey.replace('+AR', '+Ah'),
    `${vkey}\n`,
    skey,
  ])
    t.equal(
      faultOf(() => parseVkey(bad)),
      'bad-key',
      bad,
    );
  for (const bad of [vkey, '', skey.replace('PRIVATE', 'private'), skey.slice(0, -1)]) {
    t.equal(
      faultOf(() => parseSkey(bad)),
      'bad-key',
    );
  }
  t.equal(
    faultOf(() => makeSigner({ name: 'a', seed: Buffer.alloc(31) })),
    'bad-key',
  );
  t.equal(
    faultOf(() => makeVerifier({ name: 'a b', publicKey: Buffer.alloc(32) })),
    'bad-key',
  );
  t.equal(
    faultOf(() => makeVerifier({ name: 'a', publicKey: Buffer.alloc(33) })),
    'bad-key',
  );
  for (const name of ['', 'a b', 'a\u2003b', 'a+b', 'a\nb', 'a\u0085b', '\ud800'])
    t.notOk(isKeyName(name), name);
});

t.test('checkpoints that are none', async (t) => {
  const signer = signerOf('log.example');
  const good = formatCheckpoint({ origin: 'log.example', size: 7, root: ROOT });
  const read = (text: string) =>
    faultOf(() =>
      openCheckpoint(signNote(text, [signer]), { origin: 'log.example', logKeys: [signer.verifier] }),
    );
  t.equal(read(good), 'none');
  t.strictSame(parseCheckpoint(`${good}more\n`).extensions, ['more']);
  t.equal(read(good.replace('log.example', 'log.example2')), 'wrong-origin');
  for (const bad of [
    good.replace('\n7\n', '\n07\n'),
    good.replace('\n7\n', '\n+7\n'),
    good.replace('\n7\n', '\n7.0\n'),
    good.replace('\n7\n', '\n-7\n'),
    good.replace('\n7\n', '\n\n'),
    good.replace('\n7\n', '\n9007199254740992\n'),
    good.replace('\n7\n', '\n99999999999999999999\n'),
    good.replace('\n7\n', '\n0\n'),
    good.replace('=\n', '\n'),
    good.replace('CQk=\n', 'CQl=\n'),
    good.replace('log.example', ''),
    'log.example\n7\n',
    `${good}\nx\n`,
  ])
    t.equal(read(bad), 'bad-checkpoint', JSON.stringify(bad));
  t.equal(
    faultOf(() => parseCheckpoint(good.slice(0, -1))),
    'bad-checkpoint',
  );
  t.equal(
    faultOf(() => formatCheckpoint({ origin: 'a b', size: 1, root: ROOT })),
    'bad-checkpoint',
  );
  t.equal(
    faultOf(() => formatCheckpoint({ origin: 'a', size: -1, root: ROOT })),
    'out-of-range',
  );
});
