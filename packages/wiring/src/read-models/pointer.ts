import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { PortError } from '@stamp-ledger/ports';

/** Which generation of the read models is the live one: `{"generation": n}`, n from 1. */
const POINTER = 'read-models.json';
const GENERATION_FILE = /^read-models-([0-9]+)\.sqlite(-look-up)?(-wal|-shm|-journal)?$/;

/** The live generation, or undefined when there never was one. Throws a PortError when the pointer says nothing. */
export function readPointer(directory: string): number | undefined {
  const content = contentOf(join(directory, POINTER));
  if (content === undefined) return undefined;
  const generation = generationIn(content);
  if (generation === undefined) throw new PortError('corrupt', `${POINTER} names no generation`);
  return generation;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new PortError('unavailable', `${POINTER} cannot be read`, { cause: error });
  }
}

function generationIn(content: string): number | undefined {
  try {
    const { generation } = JSON.parse(content);
    return Number.isSafeInteger(generation) && generation > 0 ? generation : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a generation the live one, durably and at once: a reader finds the old pointer or the new one. */
export function writePointer(directory: string, generation: number): void {
  const file = join(directory, POINTER);
  const descriptor = openSync(`${file}.tmp`, 'w', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify({ generation })}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(`${file}.tmp`, file);
  const folder = openSync(directory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Removes the files of these generations: what a rebuild left that did not get to its end, or its forerunner. */
export function removeGenerations(directory: string, isUnwanted: (generation: number) => boolean): void {
  for (const name of readdirSync(directory)) {
    const generation = GENERATION_FILE.exec(name)?.[1];
    if (generation !== undefined && isUnwanted(Number(generation)))
      rmSync(join(directory, name), { force: true });
  }
}
