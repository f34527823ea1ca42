const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * FNV-1a of the UTF-16 units of a text, as an unsigned number of 32 bits: the same in every process and version, for dividing
 * keys among places. No secret and no proof rests on it.
 */
export function fnv1a(text: string): number {
  let hash = OFFSET;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  return hash >>> 0;
}
