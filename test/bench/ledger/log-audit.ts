import type { EventType } from '@stamp-ledger/domain';
import { openEmbeddedLogReader } from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import type { LedgerProcess } from '../../support/server-process.js';
import type { Audit } from '../harness/part.js';

/** What a ledger has said yes to: streams, each of which must hold an event of one type. */
export class Acknowledged {
  readonly #streams = new Set<string>();

  constructor(
    private readonly what: string,
    private readonly type: EventType,
  ) {}

  add(stream: string): void {
    this.#streams.add(stream);
  }

  /** Kills the ledger, as a power cut would, and looks in its log for everything that it acknowledged. */
  async auditAfterKill(ledger: LedgerProcess): Promise<Audit> {
    await ledger.kill();
    const missing = new Set(this.#streams);
    const reader = openEmbeddedLogReader({ directory: ledger.directory });
    try {
      for (let page = reader.readAll({ limit: LIMITS.readEvents }); page.length > 0; ) {
        for (const { type, stream } of page) if (type === this.type) missing.delete(stream);
        const after = page.at(-1)?.position;
        page = after === undefined ? [] : reader.readAll({ after, limit: LIMITS.readEvents });
      }
    } finally {
      reader.close();
    }
    return {
      what: `${this.what}, in the log after kill -9`,
      acknowledged: this.#streams.size,
      missing: missing.size,
    };
  }
}
