const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** An RFC 3339 time with any offset, as UTC to the millisecond; undefined for anything else. */
export function instantOf(text: string): string | undefined {
  if (!RFC3339.test(text)) return undefined;
  const [day, milliseconds] = [Date.parse(text.slice(0, 10)), Date.parse(text)];
  if (Number.isNaN(day) || Number.isNaN(milliseconds)) return undefined;
  // Date.parse takes the 30th of February for the 1st of March.
  return new Date(day).toISOString().startsWith(text.slice(0, 10))
    ? new Date(milliseconds).toISOString()
    : undefined;
}
