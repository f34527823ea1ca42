import { type Answer, LedgerError, type StampCommandAnswer } from '@stamp-ledger/client';
import type { Operation } from './figures.js';
import type { PlannedStamp } from './scenario.js';
import type { World } from './world.js';

const DOCUMENT_TYPE = 'application/pdf';
const RESERVED_SECONDS = 600;
/** Between two steps of one affixing. */
const STEP_MILLISECONDS = 150;
const DOUBT = 'signing adapter: answer 92';
const ANSWER = 'issuer: status by serial';
const MISTAKE = 'case 2024-09-09: wrong document';

/** One sold stamp, from its holder's first look to the relying party's check. */
export class StampLife {
  readonly #stream: string;
  readonly #document: { readonly sha256: string; readonly type: string };
  #steps = 0;

  constructor(
    private readonly world: World,
    private readonly serial: string,
    private readonly planned: PlannedStamp,
  ) {
    this.#stream = `stamp-${serial}`;
    this.#document = { sha256: planned.sha256, type: DOCUMENT_TYPE };
  }

  async run(): Promise<void> {
    await this.#live();
    this.world.lived(this.serial, this.#steps);
  }

  async #live(): Promise<void> {
    const start = this.world.soon(this.planned.thinking);
    switch (this.planned.fate) {
      case 'kept':
        return;
      case 'voided':
        return this.#void(start, { reason: 'lost', policyVersion: '2024-09-09' });
      case 'affixed':
        return this.#affixAndCheck(start);
      case 'misaffixed':
        await this.#affix(start);
        return this.#void(this.world.soon(STEP_MILLISECONDS), {
          reason: 'misaffixed',
          evidence: MISTAKE,
          policyVersion: '2024-09-09',
        });
      case 'failed-then-affixed':
        await this.#reserve(start);
        await this.#release();
        this.world.figures.count('failed affixings');
        return this.#affixAndCheck(this.world.soon(STEP_MILLISECONDS));
      case 'unknown-then-affixed':
        return this.#check(await this.#doubt(start, 'affixed'));
      case 'unknown-then-not-affixed':
        await this.#doubt(start, 'not-affixed');
        return this.#affixAndCheck(this.world.soon(STEP_MILLISECONDS));
    }
  }

  async #affixAndCheck(at: number): Promise<void> {
    await this.#check(await this.#affix(at));
  }

  async #affix(at: number): Promise<Answer<StampCommandAnswer>> {
    const { client, facts, figures } = this.world;
    const answer = await this.#call('affix', at, () =>
      client.stamps.affix(this.serial, { document: this.#document }, { key: `affix-${this.serial}` }),
    );
    facts.add(answer, this.#stream, 'StampAffixed');
    this.#expectState(answer, 'affixed');
    figures.count('affixed');
    return answer;
  }

  async #reserve(at: number): Promise<void> {
    const { client, facts } = this.world;
    const body = { document: this.#document, expiresInSeconds: RESERVED_SECONDS };
    const answer = await this.#call('reserve', at, () =>
      client.stamps.reserve(this.serial, body, { key: `reserve-${this.serial}` }),
    );
    facts.add(answer, this.#stream, 'StampReserved');
    this.#expectState(answer, 'reserved');
  }

  async #release(): Promise<void> {
    const { client, facts } = this.world;
    const answer = await this.#call('release', this.world.soon(STEP_MILLISECONDS), () =>
      client.stamps.release(this.serial, { key: `release-${this.serial}` }),
    );
    facts.add(answer, this.#stream, 'StampReleased');
    this.#expectState(answer, 'sold');
  }

  /** The signing adapter gave no clear answer; the issuer is asked, and only then does anything go on. */
  async #doubt(at: number, result: 'affixed' | 'not-affixed'): Promise<Answer<StampCommandAnswer>> {
    const { client, facts, figures } = this.world;
    await this.#reserve(at);
    const unknown = await this.#call('outcome', this.world.soon(STEP_MILLISECONDS), () =>
      client.stamps.reportOutcomeUnknown(this.serial, { evidence: DOUBT }, { key: `unknown-${this.serial}` }),
    );
    facts.add(unknown, this.#stream, 'AffixOutcomeUnknown');
    this.#expectState(unknown, 'outcome-unknown');
    figures.count('outcomes unknown for a while');
    const resolved = await this.#call('outcome', this.world.soon(2 * STEP_MILLISECONDS), () =>
      client.stamps.resolveOutcome(
        this.serial,
        { result, evidence: ANSWER },
        { key: `outcome-${this.serial}` },
      ),
    );
    facts.add(resolved, this.#stream, 'AffixOutcomeResolved', 'StampAffixed');
    this.#expectState(resolved, result === 'affixed' ? 'affixed' : 'sold');
    if (result === 'affixed') figures.count('affixed');
    return resolved;
  }

  async #void(
    at: number,
    body: { readonly reason: string; readonly policyVersion: string; readonly evidence?: string },
  ): Promise<void> {
    const { client, facts, figures } = this.world;
    const answer = await this.#call('void', at, () =>
      client.stamps.void(this.serial, body, { key: `void-${this.serial}` }),
    );
    facts.add(answer, this.#stream, 'StampVoided');
    this.#expectState(answer, 'voided');
    figures.count('voided');
  }

  async #check(affixed: Answer<StampCommandAnswer>): Promise<void> {
    const at = this.world.soon(STEP_MILLISECONDS);
    switch (this.planned.check) {
      case 'none':
        return;
      case 'look-up':
        return this.#lookUp(at, affixed.body.revision);
      case 'genuine':
        return this.#verify(at, this.planned.sha256);
      case 'mismatch':
        return this.#verify(at, otherDocument(this.planned.sha256));
      case 'second-document':
        return this.#tryAnotherDocument(at);
    }
  }

  /** Reading one's own write: the answer may not be older than the affixing. */
  async #lookUp(at: number, atLeastRevision: number): Promise<void> {
    const { client, faults } = this.world;
    const { body } = await this.#call('look-up', at, () =>
      client.stamps.lookUp(this.serial, { atLeastRevision }),
    );
    faults.expect(
      body.state === 'affixed' && body.document?.sha256 === this.planned.sha256,
      () => `${this.serial}: looked up after affixing, and it is ${body.state}`,
    );
  }

  async #verify(at: number, sha256: string): Promise<void> {
    const { client, facts, faults, figures } = this.world;
    const answer = await this.#call('verify', at, () =>
      client.stamps.verify(this.serial, sha256, { key: `verify-${this.serial}` }),
    );
    const { verdict, reasons } = answer.body;
    facts.add(answer, this.#stream, 'StampVerified');
    if (sha256 === this.planned.sha256) {
      figures.count('verified as genuine');
      faults.expect(verdict === 'genuine', () => `${this.serial}: ${verdict} (${reasons.join(', ')})`);
    } else {
      figures.count('mismatching documents caught');
      faults.expect(
        verdict === 'not-genuine' && reasons.includes('document-mismatch'),
        () => `${this.serial}: another document was called ${verdict}`,
      );
    }
  }

  async #tryAnotherDocument(at: number): Promise<void> {
    const { client, faults, figures } = this.world;
    const document = { sha256: otherDocument(this.planned.sha256), type: DOCUMENT_TYPE };
    const outcome = await this.#call('affix', at, () =>
      client.stamps.affix(this.serial, { document }, { key: `again-${this.serial}` }).then(
        () => 'accepted',
        (error: unknown) => {
          if (error instanceof LedgerError && error.kind === 'problem') return error.problemName;
          throw error;
        },
      ),
    );
    figures.count('second documents refused');
    faults.expect(outcome === 'already-affixed', () => `${this.serial}: a second document was ${outcome}`);
  }

  #call<Result>(operation: Operation, at: number, work: () => Promise<Result>): Promise<Result> {
    this.#steps += 1;
    return this.world.call(operation, at, work);
  }

  #expectState(answer: Answer<StampCommandAnswer>, state: string): void {
    this.world.faults.expect(
      answer.body.state === state,
      () => `${this.serial}: ${answer.body.state} where ${state} was due`,
    );
  }
}

/** The hash of some other document. */
const otherDocument = (sha256: string): string => `${sha256.startsWith('0') ? '1' : '0'}${sha256.slice(1)}`;
