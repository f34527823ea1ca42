export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string | number;
}

/** Columns of equal width, numbers to the right, no trailing blanks. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => String(line[index] ?? '').length)),
  );
  const render = (line: readonly (string | number)[]) =>
    line
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return typeof cell === 'number' ? grouped(cell).padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const titles = columns.map((column, index) => {
    const numeric = cells.length > 0 && cells.every((line) => typeof line[index] === 'number');
    return numeric ? column.title.padStart(widths[index] ?? 0) : column.title;
  });
  return [render(titles), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(render)];
}

/** `name  value` lines; pairs without a value are left out. */
export function pairs(entries: readonly (readonly [string, string | number | undefined])[]): string[] {
  const present = entries.filter(
    (entry): entry is readonly [string, string | number] => entry[1] !== undefined,
  );
  const width = Math.max(0, ...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

/** Thousands apart from five digits on. */
export const grouped = (value: number): string =>
  Math.abs(value) < 10_000 ? String(value) : value.toLocaleString('en-US').replaceAll(',', ' ');
