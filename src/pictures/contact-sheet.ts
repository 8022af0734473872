import sharp from "sharp";
import type { Channels, Picture, Size } from "./picture.ts";

/** One cell of a contact sheet. */
export interface SheetEntry {
  /** A picture from thumbnailOf, of the sheet's side. */
  readonly thumbnail: Picture;
  /** Text lines below it, truncated to fit. */
  readonly lines: readonly string[];
}

interface SheetOptions {
  /** Side of each cell's picture in pixels; 160 by default. */
  readonly side?: number;
  /** Pictures per row; by default about as many as rows, but at most 10. */
  readonly columns?: number;
}

const usualSide = 160;

const gap = 8;
const lineHeight = 14;
/** Typical width of a character in pixels. */
const letterWidth = 6.1;

/** A picture scaled to a cell of a contact sheet; small ones are enlarged. */
export async function thumbnailOf({ data, width, height, channels }: Picture, side = usualSide): Promise<Picture> {
  const resized = sharp(data, { raw: { width, height, channels } }).resize(side, side, { fit: "inside" });
  const { data: pixels, info } = await resized.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels as Channels, data: pixels };
}

/** A PNG file with pictures in rows, each with its lines below it. */
export async function contactSheet(
  entries: readonly SheetEntry[],
  { side = usualSide, columns = Math.max(1, Math.min(10, Math.ceil(Math.sqrt(entries.length)))) }: SheetOptions = {},
): Promise<Uint8Array> {
  const lines = Math.max(0, ...entries.map((entry) => entry.lines.length));
  const cell: Size = [side + gap, side + lines * lineHeight + gap];
  const placed = entries.map((entry, i) => {
    const [left, top] = [gap + (i % columns) * cell[0], gap + Math.floor(i / columns) * cell[1]];
    return { ...entry, left, top };
  });
  const [width, height] = [gap + columns * cell[0], gap + Math.ceil(entries.length / columns) * cell[1]];
  const pictures = placed.map(({ thumbnail, left, top }) => ({
    input: Buffer.from(thumbnail.data),
    raw: thumbnail,
    left: left + Math.floor((side - thumbnail.width) / 2),
    top: top + Math.floor((side - thumbnail.height) / 2),
  }));
  const texts = placed.flatMap(({ lines: written, left, top }) =>
    written.map((line, i) => textAt(fitting(line, side), left, top + side + (i + 1) * lineHeight - 3)),
  );
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts.join("")}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: "#303030" } })
    .composite([...pictures, { input: Buffer.from(text), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

function textAt(line: string, x: number, y: number): string {
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="11" fill="#e0e0e0">${escaped(line)}</text>`;
}

/** As much of a line as fits below a picture, estimated. */
function fitting(line: string, side: number): string {
  const letters = [...line];
  const most = Math.floor(side / letterWidth);
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : line;
}

/** Characters that XML cannot hold become spaces. */
function escaped(text: string): string {
  const codes: Readonly<Record<string, string>> = { "<": "&lt;", "&": "&amp;" };
  return text.replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, " ").replace(/[<&]/g, (letter) => codes[letter]!);
}
