import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import type { ProgressWrite, ProjectionName, ProjectionProgress, TimelineStep } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { formatPosition, parsePosition } from '../event-log/position.js';
import { positionFrom, type Row, text, type Value } from './columns.js';
import { RowWriter } from './statements.js';

/** Behind every place of the log. */
const END = Number.MAX_SAFE_INTEGER;

const STEP = 'SELECT position, recorded_at, before_position FROM timeline WHERE projection = ?';
/** The step that holds at a position. */
const STEP_UP_TO = `${STEP} AND position <= ? ORDER BY position DESC LIMIT 1`;

const SELECT = 'SELECT projection, position, recorded_at, events, disorder_milliseconds FROM progress';

const progressFrom = (row: Row): ProjectionProgress => ({
  position: text<Position>(row[1]),
  recordedAt: text<Instant>(row[2]),
  events: Number(row[3]),
  disorderMilliseconds: Number(row[4]),
});

/** Where the projections stand, and when which position was reached. Synchronous; throws as SQLite does. */
export class ProgressTable {
  readonly #one: Database.Statement<[string], Row>;
  readonly #all: Database.Statement<[], Row>;
  readonly #put: Database.Statement<Value[]>;
  readonly #upTo: Database.Statement<[string, number], Row>;
  readonly #drop: Database.Statement<[string, number, string]>;
  readonly #steps: RowWriter;

  constructor(db: Database.Database) {
    this.#one = db.prepare<[string], Row>(`${SELECT} WHERE projection = ?`).raw();
    this.#all = db.prepare<[], Row>(SELECT).raw();
    this.#put = db.prepare<Value[]>('INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?)');
    this.#upTo = db.prepare<[string, number], Row>(STEP_UP_TO).raw();
    this.#drop = db.prepare(
      'DELETE FROM timeline WHERE projection = ? AND position >= ? AND recorded_at <= ?',
    );
    this.#steps = new RowWriter(db, {
      table: 'timeline',
      columns: ['projection', 'position', 'recorded_at', 'before_position'],
    });
  }

  get(projection: ProjectionName): ProjectionProgress | undefined {
    const row = this.#one.get(projection);
    return row === undefined ? undefined : progressFrom(row);
  }

  all(): Map<ProjectionName, ProjectionProgress> {
    return new Map(this.#all.all().map((row) => [text<ProjectionName>(row[0]), progressFrom(row)]));
  }

  /** The timeline of the verification model is left out: nobody asks it for a moment of the past. */
  save(projection: ProjectionName, { progress, timeline }: ProgressWrite): void {
    if (projection !== 'verification') this.#addSteps(projection, timeline);
    const { position, recordedAt, events, disorderMilliseconds } = progress;
    this.#put.run(projection, position, recordedAt, events, disorderMilliseconds);
  }

  #addSteps(projection: ProjectionName, timeline: readonly TimelineStep[]): void {
    const row = this.#upTo.get(projection, END);
    let last: Pick<TimelineStep, 'position' | 'recordedAt'> | undefined = row && {
      position: positionFrom(row),
      recordedAt: text(row[1]),
    };
    const isNext = ({ position, recordedAt }: TimelineStep): boolean =>
      last === undefined || (position > last.position && recordedAt > last.recordedAt);
    // Nearly always every step lies behind the last one: then nothing has to be looked up, and all go in together.
    const next: TimelineStep[] = [];
    const late: TimelineStep[] = [];
    for (const step of timeline)
      if (late.length === 0 && isNext(step)) {
        next.push(step);
        last = step;
      } else late.push(step);
    this.#insert(projection, next);
    for (const step of late) this.#addStep(projection, step);
  }

  #insert(projection: ProjectionName, steps: readonly TimelineStep[]): void {
    this.#steps.write(steps, ({ position, recordedAt, before }, values) =>
      values.push(projection, parsePosition(position), recordedAt, placeOrNull(before)),
    );
  }

  #addStep(projection: ProjectionName, step: TimelineStep): void {
    const place = parsePosition(step.position);
    const reached = this.#upTo.get(projection, place);
    if (reached !== undefined && text(reached[1]) >= step.recordedAt) return;
    this.#drop.run(projection, place, step.recordedAt);
    this.#insert(projection, [step]);
  }
}

const placeOrNull = (position: Position | undefined): number | null =>
  position === undefined ? null : parsePosition(position);

/** Reads the timeline of one projection. */
export class Timeline {
  readonly #from: Database.Statement<[string, number], Row>;
  readonly #upTo: Database.Statement<[string, number], Row>;

  constructor(
    db: Database.Database,
    private readonly projection: ProjectionName,
  ) {
    this.#from = db
      .prepare<[string, number], Row>(`${STEP} AND position >= ? ORDER BY position LIMIT 1`)
      .raw();
    this.#upTo = db.prepare<[string, number], Row>(STEP_UP_TO).raw();
  }

  /** The first event recorded later than `time`: its position, and that of the event before where it is known. */
  firstAfter(
    time: Instant,
  ): { readonly position: Position; readonly before: Position | undefined } | undefined {
    const row = this.#first((recordedAt) => recordedAt > time);
    return (
      row && {
        position: positionFrom(row),
        before: row[2] === null ? undefined : formatPosition(Number(row[2])),
      }
    );
  }

  /** Position of the first event recorded at `time` or later. */
  firstReaching(time: Instant): Position | undefined {
    const row = this.#first((recordedAt) => recordedAt >= time);
    return row && positionFrom(row);
  }

  /** Latest time of recording among the events up to a position. */
  timeAt(position: Position): Instant | undefined {
    const row = this.#upTo.get(this.projection, parsePosition(position));
    return row && text<Instant>(row[1]);
  }

  /** The first step late enough. Times rise with the positions, so half of those left are out after every look. */
  #first(isLateEnough: (recordedAt: string) => boolean): Row | undefined {
    const last = this.#upTo.get(this.projection, END);
    if (last === undefined || !isLateEnough(text(last[1]))) return undefined;
    let found = last;
    let [low, high] = [0, Number(last[0])];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.#from.get(this.projection, middle);
      if (row === undefined) break;
      if (isLateEnough(text(row[1]))) {
        found = row;
        high = middle;
      } else low = Number(row[0]) + 1;
    }
    return found;
  }
}
