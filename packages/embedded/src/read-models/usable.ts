import { existsSync } from 'node:fs';
import type { ProjectionName, ProjectionProgress } from '@stamp-ledger/ports';
import { ProgressTable } from './progress-table.js';
import { lookUpFile, openToRead } from './schema.js';
import { readModelError } from './statements.js';

/**
 * What a generation of read models has seen; `absent` when there is none, `unusable` when it is damaged or of another
 * version, and has to be built anew. Throws a PortError when the file cannot be looked at now.
 */
export function inspectEmbeddedReadModels({
  file,
}: {
  readonly file: string;
}): ReadonlyMap<ProjectionName, ProjectionProgress> | 'absent' | 'unusable' {
  if (!existsSync(file)) return 'absent';
  try {
    return new Map([file, lookUpFile(file)].flatMap(progressIn));
  } catch (error) {
    const portError = readModelError(error, 'inspecting the read models');
    if (portError.kind === 'corrupt') return 'unusable';
    throw portError;
  }
}

function progressIn(file: string): [ProjectionName, ProjectionProgress][] {
  if (!existsSync(file)) return [];
  const db = openToRead(file);
  try {
    return [...new ProgressTable(db).all()];
  } finally {
    db.close();
  }
}
