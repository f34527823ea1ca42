import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import type { ProgressWrite, ProjectionName, ProjectionProgress, TimelineStep } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { optionalText, orNull, type Row, text, type Value } from './columns.js';
import { RowWriter } from './statements.js';

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
  readonly #timeAt: Database.Statement<[string, string], string>;
  readonly #last: Database.Statement<[string], Row>;
  readonly #drop: Database.Statement<[string, string, string]>;
  readonly #steps: RowWriter;

  constructor(db: Database.Database) {
    this.#one = db.prepare<[string], Row>(`${SELECT} WHERE projection = ?`).raw();
    this.#all = db.prepare<[], Row>(SELECT).raw();
    this.#put = db.prepare<Value[]>('INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?)');
    this.#timeAt = db
      .prepare<[string, string], string>(
        'SELECT recorded_at FROM timeline WHERE projection = ? AND position <= ? ORDER BY position DESC LIMIT 1',
      )
      .pluck();
    this.#drop = db.prepare(
      'DELETE FROM timeline WHERE projection = ? AND position >= ? AND recorded_at <= ?',
    );
    this.#last = db
      .prepare<[string], Row>(
        'SELECT position, recorded_at FROM timeline WHERE projection = ? ORDER BY position DESC LIMIT 1',
      )
      .raw();
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
    const row = this.#last.get(projection);
    let last: Pick<TimelineStep, 'position' | 'recordedAt'> | undefined = row && {
      position: text(row[0]),
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
      values.push(projection, position, recordedAt, orNull(before)),
    );
  }

  #addStep(projection: ProjectionName, step: TimelineStep): void {
    const { position, recordedAt } = step;
    const reached = this.#timeAt.get(projection, position);
    if (reached !== undefined && reached >= recordedAt) return;
    this.#drop.run(projection, position, recordedAt);
    this.#insert(projection, [step]);
  }
}

/** Reads the timeline of one projection. */
export class Timeline {
  readonly #after: Database.Statement<[string, string], Row>;
  readonly #reaching: Database.Statement<[string, string], Row>;
  readonly #timeAt: Database.Statement<[string, string], string>;

  constructor(
    db: Database.Database,
    private readonly projection: ProjectionName,
  ) {
    const step = 'SELECT position, before_position FROM timeline WHERE projection = ? AND recorded_at';
    this.#after = db.prepare<[string, string], Row>(`${step} > ? ORDER BY recorded_at LIMIT 1`).raw();
    this.#reaching = db.prepare<[string, string], Row>(`${step} >= ? ORDER BY recorded_at LIMIT 1`).raw();
    this.#timeAt = db
      .prepare<[string, string], string>(
        'SELECT recorded_at FROM timeline WHERE projection = ? AND position <= ? ORDER BY position DESC LIMIT 1',
      )
      .pluck();
  }

  /** The first event recorded later than `time`: its position, and that of the event before where it is known. */
  firstAfter(
    time: Instant,
  ): { readonly position: Position; readonly before: Position | undefined } | undefined {
    const row = this.#after.get(this.projection, time);
    return row === undefined
      ? undefined
      : { position: text<Position>(row[0]), before: optionalText<Position>(row[1]) };
  }

  /** Position of the first event recorded at `time` or later. */
  firstReaching(time: Instant): Position | undefined {
    const row = this.#reaching.get(this.projection, time);
    return row === undefined ? undefined : text<Position>(row[0]);
  }

  /** Latest time of recording among the events up to a position. */
  timeAt(position: Position): Instant | undefined {
    return this.#timeAt.get(this.projection, position) as Instant | undefined;
  }
}
