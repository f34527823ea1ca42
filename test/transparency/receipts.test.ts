import { makeSigner, openReceipt, receiptKeyName, signNote, signReceipt } from '@stamp-ledger/transparency';
import t from 'tap';
import { faultOf } from './naive.js';

const origin = 'ledger.example/log';
const signer = makeSigner({ name: receiptKeyName(origin), seed: Buffer.alloc(32, 5) });
const keys = [signer.verifier];
const event = {
  eventId: '0b0c0d0e-0000-8000-8000-000000000001',
  leaf: Buffer.alloc(32, 6),
  recordedAt: '2024-09-06T13:00:00.250Z',
};

t.test('a receipt goes round, and is a note like any other', async (t) => {
  const events = Array.from({ length: 16 }, () => event);
  const note = signReceipt({ origin, events }, signer);
  t.strictSame(openReceipt(note, { origin, keys }), { origin, events });
  t.match(note.toString(), /^stamp-ledger\/receipt\/v1\nledger\.example\/log\n0b0c0d0e/);
  const altered = Buffer.from(note.toString().replace('.250Z', '.251Z'));
  t.equal(
    faultOf(() => openReceipt(altered, { origin, keys })),
    'bad-signature',
  );
  t.equal(
    faultOf(() => openReceipt(note, { origin: 'other.example', keys })),
    'wrong-origin',
  );
});

t.test('what is no receipt is refused, signed or not', async (t) => {
  const line = `${event.eventId} ${event.leaf.toString('base64')} ${event.recordedAt}`;
  const head = `stamp-ledger/receipt/v1\n${origin}\n`;
  for (const text of [
    head,
    `stamp-ledger/receipt/v2\n${origin}\n${line}\n`,
    `stamp-ledger/receipt/v1\na b\n${line}\n`,
    `${head}${line} more\n`,
    `${head}${line.replace('Z', '+07:00')}\n`,
    `${head}${line.slice(1)}\n`,
    `${head}${line.replace('BgY', 'Bg')}\n`,
    `${head}${`${line}\n`.repeat(17)}`,
  ])
    t.equal(
      faultOf(() => openReceipt(signNote(text, [signer]), { origin, keys })),
      'bad-receipt',
      text,
    );
  for (const events of [[], Array.from({ length: 17 }, () => event), [{ ...event, eventId: 'x' }]])
    t.equal(
      faultOf(() => signReceipt({ origin, events }, signer)),
      'bad-receipt',
    );
});
