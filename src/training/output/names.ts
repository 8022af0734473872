import { readdir } from "node:fs/promises";
import path from "node:path";
import { nameForAll, namingProblems } from "../../embedding/index.ts";
import { firstFew } from "../../errors/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { placeholderTokens } from "../../tokenizer/index.ts";
import type { Sign } from "../diagnostics/step-warnings.ts";
import { isOfVocabulary, type TaughtWord } from "../setup/placeholder.ts";

/** When something is saved decides its name. */
export type Moment =
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "epoch"; readonly epoch: number }
  | { readonly kind: "final" };

type NameSettings = Pick<TrainSettings, "outputDir" | "outputName" | "saveModelAs">;

export function embeddingFile({ outputDir, outputName, saveModelAs }: NameSettings, moment: Moment): string {
  return path.join(outputDir, `${outputName}${suffix(moment)}.${saveModelAs}`);
}

/** Folder of a training state. */
export function stateFolder({ outputDir, outputName }: NameSettings, moment: Moment): string {
  return path.join(outputDir, `${outputName}${suffix(moment)}-state`);
}

function suffix(moment: Moment): string {
  if (moment.kind === "step") return `-step${String(moment.step).padStart(8, "0")}`;
  return moment.kind === "epoch" ? `-${String(moment.epoch).padStart(6, "0")}` : "";
}

/** A file of another run, or of a later step, that stood where a run has to write. */
export interface KeptFile {
  readonly from: string;
  /** Its new name. */
  readonly to: string;
}

/** "mycat-old1" for mycat, or the first number that no file has: all that a run finds of others goes under one name. */
export async function freeOldName({ outputDir, outputName }: Omit<NameSettings, "saveModelAs">) {
  const { dir, base } = path.parse(path.join(outputDir, outputName));
  const names = await namesIn(dir);
  for (let number = 1; ; number++) {
    const old = `${base}-old${number}`;
    const isTaken = names.some((name) => name.startsWith(old) && !/^\d/.test(name.slice(old.length)));
    if (!isTaken) return `${outputName}-old${number}`;
  }
}

/** What is to be said, before a run that goes on from no state begins, of files that it may have to write over. */
export async function earlierFilesSigns(settings: NameSettings & Pick<TrainSettings, "overwrite">): Promise<Sign[]> {
  const { outputDir, outputName, saveModelAs, overwrite } = settings;
  if (overwrite) return [];
  const { dir, base } = path.parse(path.join(outputDir, outputName));
  const ours = (rest: string) => /^(-step\d{8,}|-\d{6,})?(-state|\.(pt|ckpt|safetensors))$/.test(rest);
  const found = (await namesIn(dir)).filter(
    (name) =>
      name.startsWith(base) &&
      ours(name.slice(base.length)) &&
      (name.endsWith("-state") || path.extname(name) === `.${saveModelAs}`),
  );
  if (found.length === 0) return [];
  const message = `An earlier run has left ${firstFew(found.sort(), 3)} in ${outputDir}. Files that this run would write over are kept as ${await freeOldName(settings)}..., unless they hold the same; --overwrite writes over them.`;
  return [{ code: "OUTPUT_KEPT", message }];
}

/** What is to be said of files that have another name now: the first is named. */
export function keptSign({ from, to }: KeptFile): Sign {
  const message = `${from} was there from another run, or from a later step of this one. It is kept as ${to}, and others in the same way; --overwrite writes over them.`;
  return { code: "OUTPUT_KEPT", key: "OUTPUT_KEPT", message };
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** A warning before training where the file's name, which all programs take for the word, will not work as one in some of them. */
export function namingWarnings(
  { outputName, tokenString }: Pick<TrainSettings, "outputName" | "tokenString">,
  { tokenizers, tokens }: Pick<TaughtWord, "tokenizers" | "tokens">,
): Sign[] {
  const name = path.basename(outputName);
  const vectors = tokens.length;
  const naming = {
    vectors,
    isTaken: (word: string) => placeholderTokens(word, vectors).some((token) => isOfVocabulary(token, { tokenizers })),
  };
  const problems = namingProblems(name, naming);
  if (problems.length === 0) return [];
  const captions = outputName === tokenString ? " and leaves the captions as they are" : "";
  const message = `The file's name is its word, and "${name}" will not work as one everywhere: ${problems.join("; ")}. --output_name ${nameForAll(name, naming)} works in all programs${captions}.`;
  return [{ code: "OUTPUT_NAME", message }];
}
