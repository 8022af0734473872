import { type PngText, withPngTexts } from "../formats/png-text/index.ts";
import { encodePng, type Picture } from "../pictures/index.ts";

/** A generated image in memory: 8 bits a channel, rows from the top, RGB interleaved. */
export interface GeneratedImage extends Picture {
  /** The bytes of a PNG file. */
  toPng(): Promise<Uint8Array>;
}

/** texts: what a PNG says besides its pixels. */
export function generatedImage(picture: Picture, texts: readonly PngText[] = []): GeneratedImage {
  return { ...picture, toPng: async () => withPngTexts(await encodePng(picture), texts) };
}
