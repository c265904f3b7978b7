/** A table as a picture that can be sent on: drawn on a canvas, so that nothing but the browser is needed. */
export type Picture = {
  title: string;
  /** Lines under the title. */
  notes: readonly string[];
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** The last line, set apart. */
  foot: readonly string[];
};

const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const WIDTH = 750;
const EDGE = 28;
const ROW = 40;
const LINE = 26;

/** Cuts a text into lines that fit; Chinese may break anywhere. */
export function wrap(text: string, width: number, measure: (text: string) => number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const sign of text) {
    if (line !== '' && measure(line + sign) > width) {
      lines.push(line);
      line = '';
    }
    line += sign;
  }
  return line === '' ? lines : [...lines, line];
}

/** A text that fits, with an ellipsis where something had to go. */
export function fit(text: string, width: number, measure: (text: string) => number): string {
  if (measure(text) <= width) return text;
  let short = text;
  while (short !== '' && measure(`${short}…`) > width) short = short.slice(0, -1);
  return `${short}…`;
}

/** Where the columns end: the first is wide, the numbers share the rest. */
export function columnEnds(columns: number): number[] {
  const first = columns > 5 ? 0.34 : 0.42;
  const inner = WIDTH - 2 * EDGE;
  return Array.from({ length: columns }, (_, index) =>
    index === 0 ? EDGE + inner * first : EDGE + inner * first + (inner * (1 - first) * index) / (columns - 1),
  );
}

/** Draws the picture twice as sharp as the screen needs it. */
export function draw(canvas: HTMLCanvasElement, picture: Picture): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const measure = (text: string) => context.measureText(text).width;
  context.font = `16px ${FONT}`;
  const notes = picture.notes.flatMap((note) => wrap(note, WIDTH - 2 * EDGE, measure));
  const top = EDGE + 40 + notes.length * LINE + 16;
  const height = top + (picture.rows.length + 2) * ROW + EDGE;
  canvas.width = WIDTH * 2;
  canvas.height = height * 2;
  context.scale(2, 2);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, WIDTH, height);
  context.textBaseline = 'middle';

  context.fillStyle = '#1c2026';
  context.font = `600 22px ${FONT}`;
  context.fillText(fit(picture.title, WIDTH - 2 * EDGE, measure), EDGE, EDGE + 14);
  context.font = `16px ${FONT}`;
  context.fillStyle = '#4b5361';
  notes.forEach((note, index) => context.fillText(note, EDGE, EDGE + 50 + index * LINE));

  const ends = columnEnds(picture.head.length);
  const line = (cells: readonly string[], y: number, bold: boolean, color: string) => {
    context.font = `${bold ? '600 ' : ''}16px ${FONT}`;
    context.fillStyle = color;
    cells.forEach((cell, index) => {
      const end = ends[index] ?? WIDTH - EDGE;
      context.textAlign = index === 0 ? 'left' : 'right';
      if (index === 0) context.fillText(fit(cell, end - EDGE - 8, measure), EDGE, y + ROW / 2);
      else context.fillText(cell, end, y + ROW / 2);
    });
    context.textAlign = 'left';
  };
  const shade = (y: number) => {
    context.fillStyle = '#f3f5f8';
    context.fillRect(EDGE - 12, y, WIDTH - 2 * EDGE + 24, ROW);
  };
  shade(top);
  line(picture.head, top, false, '#626b7a');
  picture.rows.forEach((cells, index) => {
    const y = top + (index + 1) * ROW;
    line(cells, y, false, '#1c2026');
    context.fillStyle = '#e6e8ec';
    context.fillRect(EDGE - 12, y + ROW - 1, WIDTH - 2 * EDGE + 24, 1);
  });
  const last = top + (picture.rows.length + 1) * ROW;
  shade(last);
  line(picture.foot, last, true, '#1c2026');
}
