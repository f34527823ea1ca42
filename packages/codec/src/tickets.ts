import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Channel, OrderId, QueueTicket, RoomId } from '@stamp-ledger/domain';

const TICKET =
  /^1\.([0-9a-f-]{36})\.([a-z0-9][a-z0-9-]{0,63})\.([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/;
const DRAW_BYTES = 6;

/**
 * Tickets of waiting rooms: `1.<room>.<channel>.<order>.<time in base 36>.<HMAC-SHA-256, base64url>`. The subject it was
 * given to goes into the HMAC and not into the text, so a ticket in other hands is no ticket, and tells nobody's name.
 */
export function ticketSealer(key: Uint8Array) {
  const secret = Buffer.from(key);
  const tag = (use: string, text: string): Buffer =>
    createHmac('sha256', secret).update(`stamp-ledger ${use}\n${text}`).digest();
  return {
    seal({ roomId, channel, orderId, atMilliseconds }: QueueTicket, subject: string): string {
      const text = `1.${roomId}.${channel}.${orderId}.${atMilliseconds.toString(36)}`;
      return `${text}.${tag('ticket', `${text}\n${subject}`).toString('base64url')}`;
    },
    open(text: string, subject: string): QueueTicket | undefined {
      const parts = TICKET.exec(text);
      if (parts === null) return undefined;
      const [, roomId = '', channel = '', orderId = '', time = '', mac = ''] = parts;
      const sealed = text.slice(0, -mac.length - 1);
      const expected = tag('ticket', `${sealed}\n${subject}`);
      // Compared as text: a last character that decodes to the same bytes would make a second form of the ticket.
      if (!timingSafeEqual(Buffer.from(mac), Buffer.from(expected.toString('base64url')))) return undefined;
      return {
        roomId: roomId as RoomId,
        channel: channel as Channel,
        orderId: orderId as OrderId,
        atMilliseconds: Number.parseInt(time, 36),
      };
    },
    // Without the time: asking again for the same order draws no other lot.
    draw: ({ roomId, channel, orderId }: Pick<QueueTicket, 'roomId' | 'channel' | 'orderId'>): number =>
      tag('draw', `${roomId}\n${channel}\n${orderId}`).readUIntBE(0, DRAW_BYTES),
  };
}
