import type { Row } from './part.js';
import { figure } from './table.js';

const WIDTH = 760;
const LABEL_WIDTH = 330;
const BAR_HEIGHT = 14;
const ROW_GAP = 16;
const COLOURS = { ours: '#1f6f54', beside: '#b9b9b9' };

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly colour: string;
}

/** Every row as a pair of bars, ours and what stands beside it, on a scale of their own. */
export function chartOf(title: string, rows: readonly Row[]): string {
  const parts: string[] = [];
  let y = 40;
  for (const { what, unit, ours, beside } of rows) {
    const bars: Bar[] = [{ label: 'ours', value: ours.median, colour: COLOURS.ours }];
    if (beside !== undefined)
      bars.push({ label: beside.what, value: beside.spread.median, colour: COLOURS.beside });
    const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
    parts.push(text(10, y, `${what} (${unit})`, 'font-weight="bold"'));
    y += BAR_HEIGHT;
    for (const bar of bars) {
      const width = Math.max(1, ((WIDTH - LABEL_WIDTH - 90) * bar.value) / most);
      parts.push(
        text(20, y + BAR_HEIGHT - 4, bar.label),
        `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 2}" fill="${bar.colour}"/>`,
        text(LABEL_WIDTH + width + 6, y + BAR_HEIGHT - 4, figure(bar.value)),
      );
      y += BAR_HEIGHT;
    }
    y += ROW_GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(10, 20, title, 'font-size="14" font-weight="bold"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (of: string): string => of.replace(/[&<>]/g, (character) => ESCAPES[character] ?? '');

const text = (x: number, y: number, of: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped(of)}</text>`;
