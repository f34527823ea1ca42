/** The character set of MOD 37,36; a character's place is its value. */
const CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const MODULUS = 36;
/** By the character's code; -1 for any other. */
const VALUES = Int8Array.from({ length: 128 }, (_, code) => CHARACTERS.indexOf(String.fromCharCode(code)));

/**
 * The check character of `text` by ISO/IEC 7064, MOD 37,36 (a hybrid system, recursive method): it finds every
 * single wrong character and nearly every swap of two neighbours.
 *
 * @param text characters of `[0-9A-Z]`
 * @returns one character of `[0-9A-Z]`
 * @throws RangeError on any other character
 */
export function checkCharacter(text: string): string {
  let product = MODULUS;
  for (let place = 0; place < text.length; place++) {
    const value = VALUES[text.charCodeAt(place)] ?? -1;
    if (value < 0) throw new RangeError('A check character is defined over 0-9 and A-Z only');
    // In a hybrid system a sum that is a multiple of the modulus counts as the modulus, never as zero.
    const sum = (product + value) % MODULUS || MODULUS;
    product = (sum * 2) % (MODULUS + 1);
  }
  return CHARACTERS.charAt((MODULUS + 1 - product) % MODULUS);
}
