import type { EventAnswer, HistoryAnswer } from '@stamp-ledger/client';
import type { Believed, EventProof } from './audit/proven.js';
import { table } from './table.js';

/** A page of a stamp's life with what the transparency log says of it. */
export interface Traced {
  readonly history: HistoryAnswer;
  /** By revision; empty when there is no key to check with. */
  readonly proofs: ReadonlyMap<number, EventProof>;
  readonly trust: Believed | undefined;
}

/** The answer of the ledger, each event with its proof, and whose key they were checked with. */
export function traceJson({ history, proofs, trust }: Traced) {
  const events = history.events.map((event) => ({ ...event, proof: proofs.get(event.revision) ?? UNSEALED }));
  return { ...history, events, checkedWith: trust && checkedWith(trust) };
}

const UNSEALED: EventProof = { kind: 'unsealed' };

/** Whose word it is, for programs. */
export const checkedWith = (trust: Believed) => ({ key: trust.key, vkeys: namesOf(trust) });

/** The same, for people. */
export const whoseKey = (trust: Believed): string =>
  `${trust.key === 'given' ? 'the key given' : "the ledger's own key (give --key to check it from outside)"}, ${namesOf(trust).join(', ')}`;

const namesOf = ({ logKeys }: Believed): string[] => logKeys.map(({ name, keyId }) => `${name}+${keyId}`);

/** The life of a stamp as a table, who it is about, and what its proofs are worth. */
export function traceLines({ history: { serial, events }, proofs, trust }: Traced): string[] {
  const proofAt = ({ revision }: EventAnswer): EventProof => proofs.get(revision) ?? UNSEALED;
  const rows = table<EventAnswer>(
    [
      { title: 'time', cell: (event) => event.recordedAt },
      { title: 'rev', cell: (event) => event.revision },
      { title: 'event', cell: (event) => event.type },
      { title: 'what', cell: whatHappened },
      { title: 'position', cell: (event) => event.position },
      { title: 'leaf hash', cell: (event) => event.leafHash.slice(0, 12) },
      { title: 'proof', cell: (event) => proofText(proofAt(event)) },
    ],
    events,
  );
  const failures = events.flatMap((event) => {
    const proof = proofAt(event);
    return proof.kind === 'failed' ? [`revision ${event.revision}: FAILED: ${proof.why}`] : [];
  });
  return [
    `${serial}: ${events.length} events`,
    '',
    ...rows,
    '',
    ...failures,
    verdictOf(events.map(proofAt), trust),
  ];
}

function proofText(proof: EventProof): string {
  switch (proof.kind) {
    case 'checked':
      return `leaf ${proof.leafIndex} checked`;
    case 'unsealed':
      return 'not yet sealed';
    case 'failed':
      return 'FAILED';
  }
}

function verdictOf(proofs: readonly EventProof[], trust: Believed | undefined): string {
  if (trust === undefined) return 'Proofs: none, since the ledger has no key of a log yet.';
  const count = (kind: EventProof['kind']): number => proofs.filter((proof) => proof.kind === kind).length;
  const counts = `${count('checked')} checked, ${count('unsealed')} not yet sealed, ${count('failed')} FAILED`;
  return `Proofs: ${counts}; by ${whoseKey(trust)}.`;
}

type Data = EventAnswer['data'];

/** One phrase on what an event says, from its data. */
export function whatHappened(event: EventAnswer): string {
  const phrase = PHRASES[event.type]?.(event.data) ?? '';
  const { backfill, occurredAt } = event.metadata;
  return [
    phrase,
    ...(backfill === undefined ? [] : [`(backfilled, ${backfill.incidentId}; happened ${occurredAt})`]),
    ...(event.corrections ?? []).map(
      ({ revision, statement }) => `(corrected by revision ${revision}: ${statement})`,
    ),
  ].join(' ');
}

const PHRASES: Readonly<Record<string, (data: Data) => string>> = {
  StampMinted: (data) => `batch ${text(data, 'batchId')}, series ${text(data, 'series')}`,
  StampAllocated: (data) => `to channel ${text(data, 'channel')}`,
  StampDeallocated: (data) => `back from channel ${text(data, 'channel')}: ${text(data, 'reason')}`,
  StampSold: (data) =>
    data.orderId === undefined
      ? `by channel ${text(data, 'channel')}`
      : `by channel ${text(data, 'channel')}, order ${text(data, 'orderId')}`,
  StampReserved: (data) => `for ${document(data)} until ${text(data, 'expiresAt')}`,
  StampReleased: (data) => text(data, 'reason'),
  AffixOutcomeUnknown: (data) => `to ${document(data)}`,
  AffixOutcomeResolved: (data) => `${text(data, 'result')}, ${document(data)}`,
  StampAffixed: (data) => `to ${document(data)}`,
  StampVerified: (data) =>
    [text(data, 'verdict'), list(data, 'reasons')].filter((part) => part !== '').join(': '),
  StampVoided: (data) =>
    data.policyVersion === undefined
      ? text(data, 'reason')
      : `${text(data, 'reason')}, policy ${text(data, 'policyVersion')}`,
  LogKeyAdded: (data) => text(data, 'vkey'),
  LogKeyRetired: (data) => text(data, 'vkey'),
  EventCorrected: (data) =>
    `revision ${text(record(data, 'corrects'), 'revision')}: ${text(data, 'statement')}`,
};

const text = (data: Data, name: string): string => {
  const value = data[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

const list = (data: Data, name: string): string => {
  const value = data[name];
  return Array.isArray(value) ? value.join(', ') : '';
};

const record = (data: Data, name: string): Data => {
  const value = data[name];
  return typeof value === 'object' && value !== null ? (value as Data) : {};
};

const document = (data: Data): string => `document ${text(record(data, 'document'), 'sha256').slice(0, 12)}`;
