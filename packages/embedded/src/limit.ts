/**
 * The SQL for at most so many rows, as a parameter. Written as `LIMIT ?` SQLite plans by the number, so that binding another
 * (or the same again) has it compile the whole statement anew for each execution, which costs more than most queries.
 */
export const LIMIT = 'LIMIT (SELECT ?)';
