/** `/v1/…` with every part escaped. */
export const path = (strings: TemplateStringsArray, ...parts: readonly string[]): string =>
  strings.reduce((text, piece, index) => text + encodeURIComponent(parts[index - 1] ?? '') + piece);

/** Appends those parameters that have a value. */
export function withQuery(
  base: string,
  parameters: Readonly<Record<string, string | number | readonly string[] | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    query.set(name, typeof value === 'object' ? value.join(',') : String(value));
  }
  const text = query.toString();
  return text === '' ? base : `${base}?${text}`;
}
