import { createHash, createHmac, hash } from 'node:crypto';
import {
  type BatchId,
  type CommandId,
  type EventId,
  generatedSerial,
  type Serial,
} from '@stamp-ledger/domain';

/** SHA-256, lower-case hexadecimal. Text is hashed as UTF-8. */
export function sha256Hex(bytes: string | Uint8Array): string {
  return hash('sha256', bytes);
}

/** A UUID version 8 (RFC 9562 section 5.8) from the SHA-256 of the parts: the same parts, the same id. */
function derivedUuid(...parts: readonly string[]): string {
  const hex = sha256Hex(parts.map((part) => `${part.length}:${part}`).join(''));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The id of a command, from what names it for ever: an idempotency key with its scope, or the work that asks for it. */
export const deriveCommandId = (...parts: readonly string[]): CommandId =>
  derivedUuid('command', ...parts) as CommandId;

/** The id of the event at `index` among those a command writes to one stream. */
export const deriveEventId = (commandId: CommandId, stream: string, index: number): EventId =>
  derivedUuid('event', commandId, stream, String(index)) as EventId;

const CHARACTERS = 16;
const CHARACTERS_VALUES = 36n ** BigInt(CHARACTERS);
/** Stamps of a batch whose serials begin alike behind the mark. */
const NEIGHBOURS = 8_192;

/**
 * Serials of a batch: HMAC-SHA-256 under a secret key, as 16 characters of base 36 (82 bits), with the generated serial's
 * mark and check character. The modulo bias is below 2^-160.
 *
 * The character behind the mark is the same for some thousands of stamps that are minted one after another, drawn anew for
 * the next: an index by serial is then written to in one region at a time instead of all over, which is most of the cost of
 * minting. It is not counted among the unguessable bits.
 */
export function serialDeriver(key: Uint8Array): {
  readonly keyId: string;
  derive(batchId: BatchId, index: number): Serial;
} {
  const secret = Buffer.from(key);
  const tag = (text: string): bigint =>
    BigInt(`0x${createHmac('sha256', secret).update(text).digest('hex')}`);
  /** The region last asked for: a batch is minted in order. */
  let last = { name: '', region: '' };
  const regionOf = (batchId: BatchId, index: number): string => {
    const name = `${batchId}\n${Math.floor(index / NEIGHBOURS)}\nregion`;
    if (last.name !== name) last = { name, region: (tag(name) % 36n).toString(36) };
    return last.region;
  };
  return {
    keyId: createHash('sha256')
      .update('stamp-ledger serial key, derivation 2\n')
      .update(secret)
      .digest('hex')
      .slice(0, 16),
    derive(batchId, index) {
      const characters = (tag(`${batchId}\n${index}`) % CHARACTERS_VALUES)
        .toString(36)
        .padStart(CHARACTERS, '0');
      return generatedSerial(`${regionOf(batchId, index)}${characters}`.toUpperCase());
    },
  };
}
