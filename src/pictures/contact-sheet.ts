import sharp from "sharp";
import type { Channels, Picture, Size } from "./picture.ts";

/** One place of a contact sheet. */
export interface SheetEntry {
  /** At most `sheetSide` pixels wide and high. */
  readonly thumbnail: Picture;
  /** What is written below it, cut where it does not fit. */
  readonly lines: readonly string[];
}

/** Side of the square that each picture of a contact sheet gets. */
export const sheetSide = 160;

const gap = 8;
const lineHeight = 14;
/** Letters of the usual fonts that fit below a picture. */
const lineLength = 26;

/** A picture as small as a contact sheet needs it; a small one is made larger, so that it can be seen. */
export async function thumbnailOf({ data, width, height, channels }: Picture): Promise<Picture> {
  const resized = sharp(data, { raw: { width, height, channels } }).resize(sheetSide, sheetSide, { fit: "inside" });
  const { data: pixels, info } = await resized.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels as Channels, data: pixels };
}

/** The bytes of a PNG with pictures in rows, each with its lines below it. */
export async function contactSheet(entries: readonly SheetEntry[]): Promise<Uint8Array> {
  const columns = Math.max(1, Math.min(10, Math.ceil(Math.sqrt(entries.length))));
  const lines = Math.max(0, ...entries.map((entry) => entry.lines.length));
  const cell: Size = [sheetSide + gap, sheetSide + lines * lineHeight + gap];
  const placed = entries.map((entry, i) => {
    const [left, top] = [gap + (i % columns) * cell[0], gap + Math.floor(i / columns) * cell[1]];
    return { ...entry, left, top };
  });
  const [width, height] = [gap + columns * cell[0], gap + Math.ceil(entries.length / columns) * cell[1]];
  const pictures = placed.map(({ thumbnail, left, top }) => ({
    input: Buffer.from(thumbnail.data),
    raw: thumbnail,
    left: left + Math.floor((sheetSide - thumbnail.width) / 2),
    top: top + Math.floor((sheetSide - thumbnail.height) / 2),
  }));
  const texts = placed.flatMap(({ lines: written, left, top }) =>
    written.map((line, i) => textAt(line, left, top + sheetSide + (i + 1) * lineHeight - 3)),
  );
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts.join("")}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: "#303030" } })
    .composite([...pictures, { input: Buffer.from(text), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

function textAt(line: string, x: number, y: number): string {
  const letters = [...line];
  const fitting = letters.length > lineLength ? `${letters.slice(0, lineLength - 1).join("")}…` : line;
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="11" fill="#e0e0e0">${escaped(fitting)}</text>`;
}

/** What XML cannot hold is left out. */
function escaped(text: string): string {
  const codes: Readonly<Record<string, string>> = { "<": "&lt;", "&": "&amp;" };
  return text.replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, " ").replace(/[<&]/g, (letter) => codes[letter]!);
}
