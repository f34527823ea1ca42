import type { Serial } from './ids.js';
import { checkCharacter } from './iso7064.js';

/** Result of reading a serial as a person typed it. */
export type ParsedSerial = { readonly ok: true; readonly serial: Serial } | { readonly ok: false };

/** The first characters of every generated serial. One slip in them (a wrong character, two swapped) is still recognised. */
export const GENERATED_MARK = 'STMP';

const SERIAL = /^[0-9A-Z]{22}$/;
const BODY = /^[0-9A-Z]{17}$/;
/** Longer input is refused unread; room for a separator after every character and some. */
const TYPED_LENGTH_LIMIT = 64;

/**
 * Upper-cases, drops spaces and hyphens, then wants 22 characters of `[0-9A-Z]`. A serial that this ledger
 * generated (see {@link GENERATED_MARK}) must also pass its check character (ISO/IEC 7064 MOD 37,36). Serials that
 * another issuer numbers carry no check of ours and are taken as they are.
 *
 * Only ASCII is folded and dropped: Unicode case rules would turn other letters, such as the dotless i, into
 * serial characters.
 *
 * @param text what a person typed; more than 64 characters are never a serial
 */
export function parseSerial(text: string): ParsedSerial {
  if (text.length > TYPED_LENGTH_LIMIT) return { ok: false };
  const serial = SERIAL.test(text) ? text : canonical(text);
  if (serial === undefined) return { ok: false };
  if (looksGenerated(serial) && !isGenerated(serial)) return { ok: false };
  return { ok: true, serial: serial as Serial };
}

function canonical(text: string): string | undefined {
  const serial = text.replace(/[ -]/g, '').replace(/[a-z]/g, (letter) => letter.toUpperCase());
  return SERIAL.test(serial) ? serial : undefined;
}

/**
 * Puts the mark before and the check character after `body`.
 *
 * @param body 17 characters of `[0-9A-Z]`
 * @throws RangeError when `body` is anything else
 */
export function generatedSerial(body: string): Serial {
  if (!BODY.test(body)) throw new RangeError('The body of a serial is 17 characters of 0-9 and A-Z');
  const unchecked = GENERATED_MARK + body;
  return (unchecked + checkCharacter(unchecked)) as Serial;
}

function isGenerated(serial: string): boolean {
  return serial.startsWith(GENERATED_MARK) && serial.endsWith(checkCharacter(serial.slice(0, -1)));
}

/** The mark itself, or the mark with one slip: a slip there must not pass for another issuer's serial. */
function looksGenerated(serial: string): boolean {
  const start = serial.slice(0, GENERATED_MARK.length);
  if (start === GENERATED_MARK) return true;
  const differing = [...GENERATED_MARK].flatMap((character, place) =>
    character === start.charAt(place) ? [] : [place],
  );
  if (differing.length <= 1) return true;
  const [first = 0, second = 0] = differing;
  return (
    differing.length === 2 &&
    second === first + 1 &&
    start.charAt(first) === GENERATED_MARK.charAt(second) &&
    start.charAt(second) === GENERATED_MARK.charAt(first)
  );
}
