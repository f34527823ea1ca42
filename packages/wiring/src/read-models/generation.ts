import type { RunStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import { openEmbeddedQueries, readModelsFile } from '@stamp-ledger/embedded';
import type { ReadModelQueries } from '@stamp-ledger/ports';
import { ProjectionThread } from './projection-thread.js';
import { ReportThread } from './report-thread.js';

/** One file of read models with all that works on it. */
export class Generation {
  readonly file: string;
  #thread: ProjectionThread;
  #queries: ReadModelQueries | undefined;
  #reports: ReportThread | undefined;
  #listener: () => void = () => {};
  #paused = false;

  private constructor(
    private readonly directory: string,
    readonly number: number,
  ) {
    this.file = readModelsFile(directory, number);
    this.#thread = new ProjectionThread({ logDirectory: directory, file: this.file });
  }

  /** Starts projecting; resolves when the file is there. Rejects with a PortError. */
  static async start(directory: string, number: number): Promise<Generation> {
    const generation = new Generation(directory, number);
    generation.#listen();
    await generation.#thread.begun();
    return generation;
  }

  /** Opens the file for queries. */
  openQueries(): void {
    this.#queries = openEmbeddedQueries({ file: this.file });
    this.#reports = new ReportThread({ file: this.file });
  }

  get queries(): ReadModelQueries {
    if (this.#queries === undefined) throw new Error('this generation is not open for queries');
    return this.#queries;
  }

  get reports(): ReportThread {
    if (this.#reports === undefined) throw new Error('this generation is not open for queries');
    return this.#reports;
  }

  get statuses(): readonly RunStatus[] {
    return this.#thread.statuses;
  }

  wake(head: Position): void {
    this.#thread.wake(head);
  }

  /** Only one listener: the one given last. */
  onStatus(listener: () => void): void {
    this.#listener = listener;
  }

  /** Stops projecting; queries go on. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#thread.stop();
  }

  /** Projects again if it was paused. When it cannot, the statuses say so. */
  async resume(): Promise<void> {
    if (!this.#paused) return;
    this.#paused = false;
    this.#thread = new ProjectionThread({ logDirectory: this.directory, file: this.file });
    this.#listen();
    await this.#thread.begun();
  }

  /** The writer goes last: only then can it copy all of the write-ahead log into the file. */
  async close(): Promise<void> {
    this.#listener = () => {};
    await this.#reports?.stop();
    await this.#queries?.close();
    await this.#thread.stop();
  }

  #listen(): void {
    this.#thread.onStatus(() => this.#listener());
  }
}
