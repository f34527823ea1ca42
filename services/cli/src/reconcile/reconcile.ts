import type { LedgerClient, PaymentAnswer } from '@stamp-ledger/client';
import { concurrently } from '../concurrently.js';
import { CLI_LIMITS } from '../limits.js';
import type { FileRecord } from '../records.js';
import { addLedger, type Finding, type FindingKind, findingsOf, type Group, groupsOf } from './match.js';
import { Partitions } from './partitions.js';
import { type ColumnMapping, type SettledPayment, settlementLine } from './settlement.js';

/** Payment times that are compared: `from` included, `to` not. Both are RFC 3339 UTC. */
export interface Period {
  readonly from?: string;
  readonly to?: string;
}

export interface Summary {
  readonly period: Period;
  /** Records of the settlement, readable or not. */
  readonly settled: number;
  /** Payments of the ledger in the period. */
  readonly ledger: number;
  /** References about which both sides say the same. */
  readonly matched: number;
  readonly findings: Readonly<Record<FindingKind, number>>;
  readonly clean: boolean;
}

export interface ReconcileRequest {
  readonly client: Pick<LedgerClient, 'audit'>;
  readonly records: AsyncIterable<FileRecord>;
  readonly mapping: ColumnMapping;
  /** What is absent is taken from the settlement's first and last payment. */
  readonly period: Period;
  readonly onFinding: (finding: Finding) => Promise<void>;
  /** Called now and then with records and payments read so far. */
  readonly onProgress: (read: number) => void;
}

/**
 * Compares a provider's settlement with the ledger's payments. Both sides are split by reference into files, so memory
 * does not grow with them. A settled payment that the ledger has outside the period is found by its reference. Changes
 * nothing. Rejects with a LedgerError when the ledger cannot be asked, and with a UsageError about the file.
 */
export async function reconcile(request: ReconcileRequest): Promise<Summary> {
  const settled = new Partitions<SettledPayment>();
  const ledger = new Partitions<PaymentAnswer>();
  try {
    const tally = new Tally(request.onFinding);
    const read = await splitSettlement(request, settled, tally);
    const period = { ...read.period, ...request.period };
    const payments = await splitLedger(request, ledger, { period, readBefore: read.records });
    for (let part = 0; part < CLI_LIMITS.partitions; part++) {
      const groups = groupsOf(await settled.read(part), await ledger.read(part));
      await askForMissing(request.client, groups);
      for (const group of groups.values()) await tally.take(findingsOf(group));
    }
    return tally.summary({ period, settled: read.records, ledger: payments });
  } finally {
    settled.remove();
    ledger.remove();
  }
}

async function splitSettlement(
  { records, mapping, onProgress }: ReconcileRequest,
  partitions: Partitions<SettledPayment>,
  tally: Tally,
): Promise<{ readonly records: number; readonly period: Period }> {
  let count = 0;
  let first: string | undefined;
  let last: string | undefined;
  for await (const record of records) {
    count += 1;
    if (count % CLI_LIMITS.page === 0) onProgress(count);
    const read = settlementLine(record, mapping);
    if (read.kind === 'unreadable') {
      const { line, fault } = read;
      await tally.take([
        { kind: 'unreadable', detail: `line ${line} ${fault}`, lines: [line], payments: [], repairs: [] },
      ]);
      continue;
    }
    const { time } = read.payment;
    if (time !== undefined && (first === undefined || time < first)) first = time;
    if (time !== undefined && (last === undefined || time > last)) last = time;
    await partitions.add(read.payment.reference, read.payment);
  }
  return { records: count, period: periodOf(first, last) };
}

/** `to` is not included, so it is the millisecond after the last payment. */
const periodOf = (first: string | undefined, last: string | undefined): Period =>
  first === undefined || last === undefined
    ? {}
    : { from: first, to: new Date(Date.parse(last) + 1).toISOString() };

async function splitLedger(
  { client, onProgress }: ReconcileRequest,
  partitions: Partitions<PaymentAnswer>,
  { period, readBefore }: { readonly period: Period; readonly readBefore: number },
): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const { body } = await client.audit.payments({
      ...period,
      limit: CLI_LIMITS.page,
      ...(after === undefined ? {} : { after }),
    });
    for (const payment of body.payments) await partitions.add(payment.reference, payment);
    count += body.payments.length;
    onProgress(readBefore + count);
    after = body.next;
  } while (after !== undefined);
  return count;
}

/** Settled payments that the ledger has at another time. */
async function askForMissing(
  client: ReconcileRequest['client'],
  groups: ReadonlyMap<string, Group>,
): Promise<void> {
  async function* missing(): AsyncGenerator<Group> {
    for (const group of groups.values()) if (group.ledgerCount === 0) yield group;
  }
  const asked = concurrently(missing(), CLI_LIMITS.width, async (group) => {
    const page = { reference: group.reference, limit: CLI_LIMITS.page };
    return { group, payments: (await client.audit.payments(page)).body.payments };
  });
  for await (const { group, payments } of asked) for (const payment of payments) addLedger(group, payment);
}

class Tally {
  #matched = 0;
  readonly #findings: Record<FindingKind, number> = {
    'paid-without-stamp': 0,
    'stamp-without-payment': 0,
    'payment-not-settled': 0,
    duplicate: 0,
    'amount-difference': 0,
    unreadable: 0,
  };

  constructor(private readonly onFinding: (finding: Finding) => Promise<void>) {}

  /** The findings about one reference, or about a record that has none. */
  async take(findings: readonly Finding[]): Promise<void> {
    if (findings.length === 0) this.#matched += 1;
    for (const finding of findings) {
      this.#findings[finding.kind] += 1;
      await this.onFinding(finding);
    }
  }

  summary(facts: Pick<Summary, 'period' | 'settled' | 'ledger'>): Summary {
    const clean = Object.values(this.#findings).every((count) => count === 0);
    return { ...facts, matched: this.#matched, findings: this.#findings, clean };
  }
}
