import { join } from 'node:path';

/** Where the transparency log's files are in a data directory. */
export interface SealingPlaces {
  /** What is published: served as it lies there. */
  readonly tiles: string;
  /** The last signed checkpoint. Better on another volume (a mount or a link), and never restored with the events. */
  readonly lock: string;
  readonly keys: string;
}

export const sealingPlaces = (dataDirectory: string): SealingPlaces => ({
  tiles: join(dataDirectory, 'log'),
  lock: join(dataDirectory, 'log-lock'),
  keys: join(dataDirectory, 'keys', 'log'),
});
