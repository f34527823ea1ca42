import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenModels, ReadModelsUnderTest, Tampering } from '@stamp-ledger/contracts';
import {
  openEmbeddedBuild,
  openEmbeddedProjectionStore,
  openEmbeddedQueries,
  READ_MODEL_PARTS,
} from '@stamp-ledger/embedded';
import type { ProjectionStore } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import { temporaryDirectory } from './embedded-stores.js';

/** Stands between the suite and the store: the mutants' way in. */
export type WrapProjections = (store: ProjectionStore) => ProjectionStore;

/** Few, so that rows leave and are read again. */
const HELD_ROWS = 5;

const STATE_CODES = ['minted', 'allocated', 'sold', 'reserved', 'outcome-unknown', 'affixed', 'voided'];

/** Embedded read models in a directory of their own, written and read on this thread. */
export async function embeddedReadModels(
  wrap: WrapProjections = (store) => store,
): Promise<ReadModelsUnderTest> {
  const directory = await temporaryDirectory();
  const opened: OpenModels[] = [];
  let files = 0;
  const open = (name: string): OpenModels => {
    const file = join(directory, name);
    const store = wrap(openEmbeddedProjectionStore({ file }));
    const models = { store, queries: openEmbeddedQueries({ file }) };
    opened.push(models);
    return models;
  };
  const close = async ({ store, queries }: OpenModels): Promise<void> => {
    await queries.close();
    await store.close().catch(() => {});
  };
  let current = open('read-models-0.sqlite');
  return {
    store: current.store,
    queries: current.queries,
    async reopen() {
      await close(current);
      current = open('read-models-0.sqlite');
      return current;
    },
    async beside() {
      return open(`read-models-${++files}.sqlite`);
    },
    async built(fill) {
      const name = `read-models-${++files}.sqlite`;
      for (const part of READ_MODEL_PARTS) {
        const build = openEmbeddedBuild({ file: join(directory, name), part, heldRows: HELD_ROWS });
        await fill(wrap(build), part);
        await build.finish();
      }
      return open(name);
    },
    async tamper(tampering) {
      const db = new Database(join(directory, 'read-models-0.sqlite'));
      tamper(db, tampering);
      db.close();
    },
    async destroy() {
      for (const models of opened) await close(models);
      await rm(directory, { recursive: true });
    },
  };
}

function tamper(db: Database.Database, tampering: Tampering): void {
  switch (tampering.kind) {
    case 'flip-state':
      db.prepare('UPDATE stamp SET grp = grp / 8 * 8 + ? WHERE serial = ?').run(
        STATE_CODES.indexOf(tampering.to),
        tampering.serial,
      );
      return;
    case 'delete-stamp':
      db.prepare('DELETE FROM stamp WHERE serial = ?').run(tampering.serial);
  }
}
