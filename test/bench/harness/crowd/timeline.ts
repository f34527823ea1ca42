/** One line of a chart over time. */
export interface Curve {
  readonly label: string;
  readonly colour: string;
  /** One value a second. */
  readonly values: readonly number[];
}

/** Curves that share a scale. */
export interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

const WIDTH = 760;
const PLOT_LEFT = 60;
const PLOT_WIDTH = 560;
const PLOT_HEIGHT = 130;
const PANEL_HEIGHT = 190;
const TOP = 40;

/** Panels one below the other, over the same seconds. */
export function timeline(title: string, panels: readonly Panel[]): string {
  const height = TOP + panels.length * PANEL_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="10" y="20" font-size="14" font-weight="bold">${title}</text>`,
    ...panels.map((panel, index) => plot(panel, TOP + index * PANEL_HEIGHT)),
    '</svg>\n',
  ].join('\n');
}

function plot({ title, curves }: Panel, top: number): string {
  const seconds = Math.max(2, ...curves.map(({ values }) => values.length));
  const most = Math.max(1, ...curves.flatMap(({ values }) => values));
  const x = (second: number): string => (PLOT_LEFT + (second * PLOT_WIDTH) / (seconds - 1)).toFixed(1);
  const y = (value: number): string => (top + 20 + PLOT_HEIGHT * (1 - value / most)).toFixed(1);
  const axis = `M${PLOT_LEFT} ${top + 20}V${top + 20 + PLOT_HEIGHT}H${PLOT_LEFT + PLOT_WIDTH}`;
  return [
    `<text x="10" y="${top + 10}" font-weight="bold">${title}</text>`,
    `<path d="${axis}" fill="none" stroke="#888"/>`,
    `<text x="${PLOT_LEFT - 6}" y="${top + 26}" text-anchor="end">${Math.round(most)}</text>`,
    `<text x="${PLOT_LEFT - 6}" y="${top + 20 + PLOT_HEIGHT}" text-anchor="end">0</text>`,
    `<text x="${PLOT_LEFT + PLOT_WIDTH}" y="${top + 34 + PLOT_HEIGHT}" text-anchor="end">${seconds - 1} s</text>`,
    ...curves.map(({ label, colour, values }, index) => {
      const points = values.map((value, second) => `${x(second)},${y(value)}`).join(' ');
      return [
        `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
        `<text x="${PLOT_LEFT + PLOT_WIDTH + 10}" y="${top + 30 + index * 16}" fill="${colour}">${label}</text>`,
      ].join('\n');
    }),
  ].join('\n');
}
