import path from "node:path";
import type { LearnedEmbedding } from "./learned-embedding.ts";
import type { WrittenLayout } from "./write.ts";

/** What to know of a file as it was written: which programs do not take it, or take it for something else.
 *  isAsked: the layout was asked for, so its reader is known. */
export function limitsOfFile(file: string, word: LearnedEmbedding, layout: WrittenLayout, isAsked: boolean): string[] {
  // Vectors for each layer are sd-scripts' own.
  if (word.layers) return [];
  const { name, ext } = path.parse(file);
  const extension = ext.toLowerCase();
  const isPair = word.vectors.length === 2;
  const limits: string[] = [];
  if (extension === ".ckpt")
    limits.push(
      `A1111, Forge and ComfyUI do not look for embeddings in .ckpt files; they accept this one as ${name}.pt.`,
    );
  if (layout === "diffusers" && !isPair)
    limits.push(
      word.vectors[0]?.shape[0] === 1
        ? "sd-scripts' gen_img and SD.Next read a single vector in this layout as hundreds of vectors; write the file for them with --to kohya."
        : "InvokeAI does not recognize several vectors in this layout as an embedding; write the file for it with --to invoke.",
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

export interface Naming {
  /** Vectors of the word. */
  readonly vectors: number;
  /** Whether a text, or one with a number behind it, is a word of the model's vocabulary. */
  readonly isTaken: (name: string) => boolean;
}

/** What A1111 and Forge read as a command. */
const promptWord = /\b(AND|BREAK)\b/g;

/** What a name has too much when it was given as a file's. */
const fileEnding = /(\.(safetensors|pt|ckpt|bin))+$/i;

/** Why programs cannot call a word by the name of its file, which all of them go by; none for a name that works everywhere.
 *  Source: A1111 `prompt_parser.py`, ComfyUI `sd1_clip.py`, InvokeAI's pattern of triggers, diffusers `loaders/textual_inversion.py`. */
export function namingProblems(name: string, { vectors, isTaken }: Naming): string[] {
  const problems: string[] = [];
  if (isTaken(name))
    problems.push(
      "it is already a word of the model, which coinage and sd-scripts refuse and other programs overwrite",
    );
  if (fileEnding.test(name)) problems.push("it already ends like a file name, and the file adds its own extension");
  if (/[()[\]\\]/.test(name))
    problems.push(`A1111, Forge and ComfyUI read brackets as weights (write ${escaped(name)} there)`);
  if (name.search(promptWord) >= 0) problems.push("A1111 and Forge split a prompt at AND and BREAK");
  if (/<[^<>]*:[^<>]*>/.test(name)) problems.push("A1111 and Forge read <...:...> as a network to load");
  if (/[{}]/.test(name)) problems.push("dynamic prompts read braces as choices");
  if (/\s--/.test(name)) problems.push("coinage and sd-scripts read what follows -- as an option of the prompt");
  if (/\s/.test(name)) problems.push("ComfyUI ends a name at a space");
  if (/^,|,$/.test(name)) problems.push("ComfyUI strips commas from a name");
  if (/[^A-Za-z0-9., _-]/.test(name) || /^ | $/.test(name))
    problems.push('InvokeAI takes only the letters A to Z, digits, ".", ",", "_", "-" and spaces inside');
  if (vectors > 1 && name !== name.toLowerCase())
    problems.push("diffusers on Transformers 5 finds only the first vector of a name with capitals");
  return problems;
}

/** A name like this one that works in every program. */
export function nameForAll(name: string, naming: Naming): string {
  const plain = name
    .replace(fileEnding, "")
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9._]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .replace(promptWord, (word) => word.toLowerCase());
  const base = (naming.vectors > 1 ? plain.toLowerCase() : plain) || "word";
  for (let number = 0; ; number++) {
    const candidate = number === 0 ? base : `${base}x${number}`;
    if (namingProblems(candidate, naming).length === 0) return candidate;
  }
}

function escaped(name: string): string {
  return name.replace(/[()[\]\\]/g, "\\$&");
}
