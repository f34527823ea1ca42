/** Every bound of the commands that read files of any length, in one place. */
export const CLI_LIMITS = {
  /** Longest line or record of a file, in characters. */
  recordCharacters: 65_536,
  /** Parts that a comparison is split into: one of them at a time is in memory. */
  partitions: 128,
  /** Characters held for one part before they are written to its file. */
  partitionBufferCharacters: 65_536,
  /** Places listed for one payment reference; beyond, they are counted. */
  listedPlaces: 20,
  /** Impossible histories listed; beyond, they are counted. */
  listedFaults: 100,
  /** Stamps looked up to tell which ones are behind a disagreement. */
  comparedStamps: 10_000,
  /** Waiting for the log to come to where the read models are. */
  sealWaitMilliseconds: 5_000,
  sealPollMilliseconds: 250,
  /** Rows asked for at once. */
  page: 1_000,
  /** Requests under way at once. */
  width: 16,
} as const;
