import { opendir, readFile } from "node:fs/promises";
import path from "node:path";
import { type NdArray, toFloat32 } from "../../array/index.ts";
import { clipMerges } from "../../assets/index.ts";
import {
  callIn,
  embeddingOfFile,
  encodeEmbedding,
  type LearnedEmbedding,
  namingProblems,
  type Program,
  readEmbeddingFile,
  tablesFoundBy,
  vectorCount,
} from "../../embedding/index.ts";
import { CoinageError, machineProblem } from "../../errors/index.ts";
import { makeFolder, readEarlierFile, writeFileAtomically } from "../../files/index.ts";
import { changeMarks, type RunPlaces } from "../../runs/index.ts";
import { createTokenizer, type Tokenizer } from "../../tokenizer/index.ts";
import { openInside, resolveInside } from "../disk/names.ts";
import { type Problem, problemOf } from "../http/problems.ts";

/** Where to write a word, and for which program; undefined: any that reads sd-scripts' files. */
export interface ExportTarget {
  readonly program: Program | undefined;
  readonly folder: string;
}

/** The result of exporting a word for one program. */
export interface Exported {
  readonly program: Program | "folder";
  readonly file: string;
  /** Whether the file, read by the program's own rules, has exactly the numbers of the checkpoint. */
  readonly isEqual: boolean;
  /** How the program's prompts spell the word. */
  readonly spelling: string;
  readonly problem?: Problem;
}

export interface ExportRequest {
  /** Name of the embedding in the run's folder of checkpoints. */
  readonly checkpoint: string;
  /** Name of the file without extension, which is the word in all these programs. */
  readonly name: string;
  readonly targets: readonly ExportTarget[];
  /** Whether an earlier file of the same name is replaced. */
  readonly replace: boolean;
}

/** Writes a checkpoint of a run for other programs, reads each file back as its program does, and notes it in the run's marks. A failure for one program is in its
 *  result; the others are still written. @throws NAME_REFUSED, FILE_NOT_FOUND, the EMBEDDING codes for the checkpoint itself */
export async function exportCheckpoint(
  places: RunPlaces,
  { checkpoint, name, targets, replace }: ExportRequest,
): Promise<{ readonly exports: readonly Exported[]; readonly warnings: readonly string[] }> {
  const word = await readCheckpoint(places, checkpoint);
  const done: Exported[] = [];
  for (const target of targets) done.push(await exported(word, name, target, replace));
  const at = new Date().toISOString();
  const written = done.filter(({ isEqual }) => isEqual);
  if (written.length > 0)
    await changeMarks(places, (marks) => {
      const others = marks.exports.filter((earlier) => written.every(({ file }) => file !== earlier.file));
      const added = written.map(({ program, file, spelling }) => ({ program, file, spelling, checkpoint, at }));
      return { ...marks, exports: [...others, ...added] };
    });
  return { exports: done, warnings: await warningsOf(name, vectorCount(word)) };
}

/** Made once, since it takes a tenth of a second. */
let tokenizing: Promise<Tokenizer> | undefined;

/** Warnings about a name that does not work in some program. */
async function warningsOf(name: string, vectors: number): Promise<string[]> {
  tokenizing ??= clipMerges().then((merges) => createTokenizer(merges, { padding: "eos" }));
  const tokenizer = await tokenizing;
  const isTaken = (text: string) => tokenizer.idOf(text) !== undefined;
  return namingProblems(name, { vectors, isTaken }).map((problem) => `${name}: ${problem}.`);
}

async function readCheckpoint({ checkpoints }: RunPlaces, name: string): Promise<LearnedEmbedding> {
  // refuses links and names that lead elsewhere
  await (await openInside(checkpoints, name)).close();
  const word = embeddingOfFile(await readEmbeddingFile(path.join(checkpoints, name)));
  if (!word.layers) return word;
  throw new CoinageError("EMBEDDING_UNSUPPORTED", "The word has vectors for each layer of the U-Net (P+, XTI).", {
    hint: "Only coinage and sd-scripts load such files: use the checkpoint as it is.",
  });
}

async function exported(
  word: LearnedEmbedding,
  name: string,
  { program, folder }: ExportTarget,
  replace: boolean,
): Promise<Exported> {
  const fileName = `${name}.safetensors`;
  const about = {
    program: program ?? ("folder" as const),
    file: path.join(folder, fileName),
    spelling: program ? callIn(program, name) : name,
  };
  try {
    makeFolder(folder);
    const file = await resolveInside(folder, fileName);
    // InvokeAI's own files carry no metadata
    const bytes = await encodeEmbedding(file, word, { layout: program === "InvokeAI" ? "invoke" : "kohya" });
    await refuseClash(folder, name, bytes, replace);
    await writeFileAtomically(file, bytes);
    const found = tablesFoundBy(program ?? "A1111", await readFile(file), word.vectors.length);
    if (isSame(found, word.vectors)) return { ...about, isEqual: true };
    throw new CoinageError("EXPORT_DIFFERS", `${program ?? "Other programs"} would find other numbers in ${file}.`, {
      hint: "Write it again: the disk, or another program, has changed the file.",
    });
  } catch (error) {
    const known = error instanceof CoinageError ? error : machineProblem(error);
    if (!known) throw error;
    return { ...about, isEqual: false, problem: problemOf(known) };
  }
}

/** Whether the tables are the same numbers. */
function isSame(found: readonly NdArray[], wanted: readonly NdArray[]): boolean {
  return (
    found.length === wanted.length &&
    wanted.every((table, i) => {
      const [a, b] = [toFloat32(table), toFloat32(found[i]!)];
      return a.shape.join() === b.shape.join() && a.data.every((value, at) => Object.is(value, b.data[at]));
    })
  );
}

/** Extensions of files that some program takes for an embedding. */
const endings = /\.(safetensors|pt|bin|ckpt)$/i;

/** How deep to look below a program's folder of embeddings, and how many entries to read. */
const [mostDepth, mostEntries] = [5, 20_000];

/** Refuses a name that the programs would find twice: they take the name of a file for the word, whatever its extension, and look in subfolders, too. The tokenizer
 *  ignores case. @throws OUTPUT_EXISTS */
async function refuseClash(folder: string, name: string, bytes: Uint8Array, replace: boolean): Promise<void> {
  const own = path.join(folder, `${name}.safetensors`);
  for (const file of await filesBelow(folder, mostDepth, { entries: mostEntries })) {
    if (folded(path.basename(file).replace(endings, "")) !== folded(name)) continue;
    if (file !== own)
      throw new CoinageError("OUTPUT_EXISTS", `The word ${name} is taken there, by ${file}.`, {
        hint: "Choose another name, or move that file away: which of the two a program would use is not certain.",
      });
    const earlier = await readEarlierFile(own);
    if (replace || (earlier !== undefined && Buffer.compare(earlier, bytes) === 0)) continue;
    throw new CoinageError("OUTPUT_EXISTS", `${own} is there already, and is another file.`, {
      hint: "Choose another name, or replace it.",
    });
  }
}

function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

async function filesBelow(folder: string, depth: number, budget: { entries: number }): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of await opendir(folder)) {
    if (budget.entries-- <= 0) break;
    const target = path.join(folder, entry.name);
    if (entry.name.startsWith(".")) continue;
    if (!entry.isDirectory() && endings.test(entry.name)) found.push(target);
    if (entry.isDirectory() && depth > 1) found.push(...(await filesBelow(target, depth - 1, budget).catch(() => [])));
  }
  return found;
}
