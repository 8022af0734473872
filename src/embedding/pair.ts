import { CoinageError } from "../errors/index.ts";
import type { EmbeddingFile } from "./read.ts";

const [widthL, widthG] = [768, 1280];

/** What keeps a file from being a whole word of Stable Diffusion XL, where it is part of one; undefined for any other file. */
export function flawOfPair({ path, layout, tables }: EmbeddingFile): CoinageError | undefined {
  if (layout === "xti") return undefined;
  const clipL = tables.get("clip_l")?.shape[1];
  const clipG = tables.get("clip_g")?.shape[1];
  if (clipL !== undefined && clipG !== undefined) return wrongWidths(path, clipL, clipG);
  const [only] = [...tables.values()].map(({ shape }) => shape[1]!);
  // SD2 has a text encoder of 1024, whatever a program calls it.
  const isHalf = clipG !== undefined || (clipL !== undefined && clipL !== 1024) || only === widthG;
  if (!isHalf) return undefined;
  const [found, missing] = clipL === undefined ? ["clip_g", "clip_l"] : ["clip_l", "clip_g"];
  return new CoinageError(
    "EMBEDDING_FAMILY",
    `${path} is half of an embedding for Stable Diffusion XL: it holds ${found}, and ${missing} is missing.`,
    {
      hint: "Get the whole file. A program that makes one file for each text encoder needs both in one: clip_l and clip_g.",
    },
  );
}

/** What keeps a file from being a word of any model; undefined where nothing does. Models that are smaller than the real ones take smaller vectors. */
export function flawOfWidth({ path, tables }: EmbeddingFile): CoinageError | undefined {
  const wide = [...tables.values()].map(({ shape }) => shape[1]!).find((width) => width > widthG);
  if (wide === undefined) return undefined;
  return new CoinageError(
    "EMBEDDING_WIDTH",
    `${path} has vectors of ${wide} numbers; no text encoder of Stable Diffusion 1, 2 or XL takes more than ${widthG}.`,
    { hint: "It is for a model of another kind." },
  );
}

/** Models that are smaller than the real ones have widths of their own. */
function wrongWidths(path: string, clipL: number, clipG: number): CoinageError | undefined {
  const isMeantForXl = [clipL, clipG].some((width) => width === widthL || width === widthG);
  if (!isMeantForXl || (clipL === widthL && clipG === widthG)) return undefined;
  const areSwapped = clipL === widthG && clipG === widthL;
  return new CoinageError(
    "EMBEDDING_WIDTH",
    `${path}: clip_l has vectors of ${clipL} numbers and clip_g of ${clipG}; for Stable Diffusion XL it is ${widthL} and ${widthG}.`,
    {
      hint: areSwapped ? "The two are swapped: exchange their names." : "No Stable Diffusion model takes such a pair.",
    },
  );
}
