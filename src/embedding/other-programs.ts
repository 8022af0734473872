import path from "node:path";
import type { LearnedEmbedding } from "./learned-embedding.ts";
import type { Program } from "./program-rules.ts";
import type { WrittenLayout } from "./write.ts";

/** Warnings about programs that do not read a written file, or misread it.
 *  isAsked: the user chose the layout, so the program that reads it is known. */
export function limitsOfFile(file: string, word: LearnedEmbedding, layout: WrittenLayout, isAsked: boolean): string[] {
  // Only sd-scripts supports vectors for each layer.
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

/** How to use an embedding file in a program, and how prompts call its word there. */
export interface ProgramUse {
  readonly program: string;
  /** Where the file goes, as the rest of "copy it ...". */
  readonly place: string;
  readonly call: string;
}

interface OtherProgram {
  readonly program: string;
  readonly place: string;
  /** Extensions that the program loads. */
  readonly loads: readonly string[];
  readonly call: (word: string) => string;
}

const otherPrograms: readonly OtherProgram[] = [
  { program: "A1111", place: "into embeddings", loads: [".safetensors", ".pt"], call: (word) => word },
  { program: "Forge", place: "into embeddings", loads: [".safetensors", ".pt"], call: (word) => word },
  { program: "SD.Next", place: "into models/embeddings", loads: [".safetensors"], call: (word) => word },
  {
    program: "ComfyUI",
    place: "into models/embeddings",
    loads: [".safetensors", ".pt"],
    call: (word) => `embedding:${word}`,
  },
  {
    program: "InvokeAI",
    place: "or add it in the model manager",
    loads: [".safetensors", ".pt", ".ckpt"],
    call: (word) => `<${word}>`,
  },
];

/** The file name in other programs, which take the word from it; a .ckpt becomes a .pt. */
export function nameElsewhere(file: string, word: string): string {
  const { ext } = path.parse(file);
  return `${word}${ext === ".ckpt" ? ".pt" : ext}`;
}

/** The programs that load a file in sd-scripts' layout under its name from `nameElsewhere`. */
export function usesInPrograms(file: string, word: string): ProgramUse[] {
  const extension = path.extname(nameElsewhere(file, word)).toLowerCase();
  return otherPrograms
    .filter(({ loads }) => loads.includes(extension))
    .map(({ program, place, call }) => ({ program, place, call: call(word) }));
}

/** How prompts call a word in a program. */
export function callIn(program: Program, word: string): string {
  return otherPrograms.find((other) => other.program === program)!.call(word);
}

/** Python lines that load both tables of Stable Diffusion XL into diffusers, which does not find them by itself. */
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
  /** Number of vectors of the word. */
  readonly vectors: number;
  /** Whether a name, or the name with a number appended, is a token of the model's vocabulary. */
  readonly isTaken: (name: string) => boolean;
}

/** Words that A1111 and Forge read as commands. */
const promptWord = /\b(AND|BREAK)\b/g;

/** File extensions at the end of a name. */
const fileEnding = /(\.(safetensors|pt|ckpt|bin))+$/i;

/** Why some programs cannot use the name of a file as a word in prompts; empty for a name that works everywhere.
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

/** A similar name that works in every program. */
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
