import path from "node:path";

/** A learned word and its model, for `coinage generate`. */
export interface UsableWord {
  readonly model: string;
  readonly family: "sd1" | "sd2" | "sdxl" | undefined;
  readonly file: string;
  /** The word in prompts. */
  readonly word: string;
  /** Whether it has vectors for each layer (P+, XTI). */
  readonly isLayered: boolean;
  readonly isStyle: boolean;
  /** Size it was trained at: [width, height]. */
  readonly resolution?: readonly [number, number] | undefined;
  readonly v2?: boolean;
  readonly vParameterization?: boolean;
  readonly vae?: string | undefined;
  readonly clipSkip?: number | undefined;
}

/** The command line, without the program's name, that generates an image with a learned word. */
export function generateWords(usable: UsableWord): string[] {
  const { model, family, word, isLayered, isStyle, resolution, v2, vParameterization, vae, clipSkip } = usable;
  const written = usable.file.startsWith("-") ? `.${path.sep}${usable.file}` : usable.file;
  const file = word === path.parse(usable.file).name ? written : `${word}=${written}`;
  const usualSide = family === "sdxl" ? 1024 : 512;
  const [width, height] = resolution ?? [usualSide, usualSide];
  const isUsual = width === usualSide && height === usualSide;
  return [
    ...["generate", "--ckpt", model],
    ...[isLayered ? "--XTI_embeddings" : "--textual_inversion_embeddings", file],
    ...(v2 ? ["--v2"] : []),
    ...(vParameterization ? ["--v_parameterization"] : []),
    ...(vae === undefined ? [] : ["--vae", vae]),
    ...(clipSkip === undefined ? [] : ["--clip_skip", String(clipSkip)]),
    ...["--prompt", `${isStyle ? "a painting in the style of" : "a photo of"} ${word}`],
    ...(isUsual ? [] : ["--W", String(width), "--H", String(height)]),
  ];
}
