export { isPng } from "./chunks.ts";
export { type PngText, readPngTexts, withPngTexts } from "./text.ts";
