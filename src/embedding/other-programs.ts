import path from "node:path";
import type { LearnedWord } from "./learned-word.ts";
import type { WrittenLayout } from "./write.ts";

/** What to know of a file as it was written: which programs do not take it, or take it for something else.
 *  isAsked: the layout was asked for, so its reader is known. */
export function limitsOfFile(file: string, word: LearnedWord, layout: WrittenLayout, isAsked: boolean): string[] {
  // Vectors for each layer are sd-scripts' own.
  if (word.layers) return [];
  const { name, ext } = path.parse(file);
  const extension = ext.toLowerCase();
  const isPair = word.vectors.length === 2;
  const limits: string[] = [];
  if (extension === ".ckpt")
    limits.push(
      `A1111, Forge and ComfyUI do not look for embeddings in .ckpt files; they take this one as ${name}.pt.`,
    );
  if (layout === "diffusers" && !isPair)
    limits.push(
      word.vectors[0]?.shape[0] === 1
        ? "sd-scripts' gen_img and SD.Next take a single vector in this layout for hundreds of vectors; write the file for them with --to kohya."
        : "InvokeAI does not know several vectors in this layout for an embedding; write the file for it with --to invoke.",
    );
  if (!isAsked && (extension === ".pt" || extension === ".bin") && layout !== "a1111")
    limits.push(`SD.Next reads .safetensors files${isPair ? "" : ", and .pt files that are written with --to a1111"}.`);
  return limits;
}

/** How diffusers loads the two tables of Stable Diffusion XL, which it does not find by itself. */
export function diffusersLines(file: string): string[] {
  const { name, ext, base } = path.parse(file);
  const isSafetensors = ext.toLowerCase() === ".safetensors";
  const [load, reader] = isSafetensors ? ["safetensors.torch", "load_file"] : ["torch", "load"];
  const table = (role: string, encoder: string, tokenizer: string) =>
    `pipe.load_textual_inversion(tables["${role}"], token=${JSON.stringify(name)}, text_encoder=pipe.${encoder}, tokenizer=pipe.${tokenizer})`;
  return [
    `tables = ${load}.${reader}(${JSON.stringify(base)})`,
    table("clip_l", "text_encoder", "tokenizer"),
    table("clip_g", "text_encoder_2", "tokenizer_2"),
  ];
}
