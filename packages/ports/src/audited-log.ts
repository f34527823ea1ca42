/** A transparency log as anyone sees it (C2SP tlog-tiles): over HTTP, or as a copy of its files. Nothing in it is trusted. */
export interface AuditedLog {
  /**
   * A file of the log by its path under the log's prefix, such as `checkpoint` or `tile/0/000`; undefined when the log
   * does not have it. Rejects with a {@link PortError} `unavailable` when nobody can say.
   */
  read(path: string): Promise<Buffer | undefined>;
}
