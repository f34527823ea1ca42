import {
  affixedStamp,
  freshDocument,
  mintStamps,
  payment,
  pdf,
  RUPIAH_10000,
  soldStamp,
  stockedChannel,
  UNKNOWN_SERIAL,
  type World,
} from '../../world.js';
import { atFault, bad, type Case } from './case.js';

const path = (serial: string, rest = ''): string => `/v1/stamps/${encodeURIComponent(serial)}${rest}`;
const affix = (what: string, serial: string, answer: string): Case =>
  bad(what, path(serial, '/affixation'), { body: { document: pdf(freshDocument()) } }, answer);

/** Unknown serials, wrong states, second documents, and what is no serial at all. */
export async function stampCases({ call }: World): Promise<Case[]> {
  const [minted = '', voided = ''] = await mintStamps(call, 2);
  await call(path(voided, '/void'), { body: { reason: 'misprint' } });
  const affixed = await affixedStamp(call, freshDocument());
  const [sold, reserved, doubtful] = [await soldStamp(call), await soldStamp(call), await soldStamp(call)];
  for (const serial of [reserved, doubtful])
    await call(path(serial, '/reservation'), {
      body: { document: pdf(freshDocument()), expiresInSeconds: 600 },
    });
  await call(path(doubtful, '/outcome-unknown'), { body: {} });
  const sale = { body: { channel: 'direct', holder: 'h1' } };
  const voiding = (reason: string) => ({ body: { reason } });
  const correction = { body: { eventId: '6f1f0f3e-8c1b-4b7e-9d52-3c7f8f2f1a10', statement: 'x' } };
  const elsewhere = { body: { channel: 'elsewhere', holder: 'h1' } };
  return [
    affix('affixing an unknown serial', UNKNOWN_SERIAL, '404 unknown-serial'),
    affix('affixing before the sale', minted, '409 not-sold'),
    affix('affixing to a second document', affixed, '409 already-affixed'),
    affix('affixing a void stamp', voided, '409 stamp-voided'),
    affix('affixing to another document than reserved', reserved, '409 reserved-for-another-document'),
    affix('affixing while the outcome is unknown', doubtful, '409 outcome-unknown'),
    bad('selling twice', path(sold, '/sale'), sale, '409 already-sold'),
    bad("selling another channel's stamp", path(minted, '/sale'), elsewhere, '403 wrong-channel'),
    bad(
      'releasing a stamp never reserved',
      path(minted, '/reservation'),
      { method: 'DELETE' },
      '409 not-reserved',
    ),
    bad(
      'resolving without doubt',
      path(sold, '/outcome'),
      { body: { result: 'affixed', evidence: 'x' } },
      '409 wrong-state',
    ),
    bad(
      'voiding an affixed stamp for any reason',
      path(affixed, '/void'),
      voiding('misprint'),
      '409 void-reason-not-allowed',
    ),
    bad('revoking without evidence', path(affixed, '/void'), voiding('revoked'), '422 evidence-required'),
    bad('refunding without a policy', path(sold, '/void'), voiding('refund'), '422 policy-version-required'),
    bad('correcting an unknown event', path(sold, '/corrections'), correction, '404 unknown-event'),
    bad(
      'a hash that is none',
      path(sold, '/affixation'),
      { body: { document: pdf('abc') } },
      ...atFault('#/document/sha256'),
    ),
    ...(await serialCases(call)),
  ];
}

async function serialCases(call: World['call']): Promise<Case[]> {
  const confused = confuse(await generatedSerial(call));
  const sale = { body: { channel: 'direct', holder: 'h1' } };
  const malformed = '400 malformed-serial';
  return [
    affix('affixing what is no serial', 'not a serial', malformed),
    bad('O for 0 in a serial', path(confused), {}, malformed),
    bad('O for 0 in a command', path(confused, '/sale'), sale, malformed),
    bad('a serial with a slash', path('ABC/DEF'), {}, malformed),
    bad('a serial with plus signs', '/v1/stamps/ABC+DEF', {}, malformed),
    bad('a serial with broken percent-encoding', '/v1/stamps/ABC%ZZ', {}, malformed),
    bad('a serial beyond ASCII', path('ſTMP'.padEnd(22, 'ı')), {}, malformed),
  ];
}

/** A serial that the ledger made, with its check character, and with a 0 or O if any of a few has one. */
async function generatedSerial(call: World['call']): Promise<string> {
  const channel = await stockedChannel(call, 5);
  const order = await call('/v1/orders', {
    body: { channel, holder: 'h1', denomination: RUPIAH_10000, quantity: 5, payment: payment('50000') },
    headers: { prefer: 'wait=20' },
  });
  const serials = order.json.serials as string[];
  return serials.find((serial) => /[0O]/.test(serial.slice(4))) ?? serials[0] ?? '';
}

/** Takes the first 0 behind the mark for an O, or the other way round; without either, a 1 for the last character. */
function confuse(serial: string): string {
  const rest = serial.slice(4);
  const other = rest.replace(/[0O]/, (one) => (one === '0' ? 'O' : '0'));
  return (
    serial.slice(0, 4) + (other === rest ? rest.replace(/.$/, (last) => (last === '1' ? '2' : '1')) : other)
  );
}
