/** What every store is given to append: the bytes of a stamp that is affixed. */
export const PAYLOAD = {
  type: 'StampAffixed',
  id: (index: number): string => `00000000-0000-8000-8000-${String(index).padStart(12, '0')}`,
  data: (index: number): string =>
    JSON.stringify({
      document: { sha256: index.toString(16).padStart(64, '0'), type: 'application/pdf' },
      serial: `S${String(index).padStart(21, '0')}`,
    }),
  metadata: JSON.stringify({
    actor: 'admin',
    causationId: '00000000-0000-8000-8000-000000000001',
    commandId: '00000000-0000-8000-8000-000000000001',
    correlationId: '00000000-0000-8000-8000-000000000001',
    occurredAt: '2024-09-06T13:00:00.000Z',
    recordedAt: '2024-09-06T13:00:00.000Z',
    requestHash: '0'.repeat(64),
    schemaVersion: 1,
  }),
} as const;
