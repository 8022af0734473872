import { readdir } from "node:fs/promises";
import path from "node:path";
import { nameForAll, namingProblems } from "../../embedding/index.ts";
import { firstFew } from "../../errors/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { placeholderTokens } from "../../tokenizer/index.ts";
import { isOfVocabulary, type PreparedPlaceholder } from "../setup/placeholder.ts";
import type { Warning } from "../warnings.ts";

/** When something is saved; part of its name. */
export type Moment =
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "epoch"; readonly epoch: number }
  | { readonly kind: "final" }
  /** The last vectors, saved beside a final file with other ones (--keep both). */
  | { readonly kind: "last" };

type NameSettings = Pick<TrainSettings, "outputDir" | "outputName" | "saveModelAs">;
type StateSettings = Pick<TrainSettings, "outputDir" | "outputName" | "stateDir">;

export function embeddingFile({ outputDir, outputName, saveModelAs }: NameSettings, moment: Moment): string {
  return path.join(outputDir, `${outputName}${suffix(moment)}.${saveModelAs}`);
}

/** Folder of a training state. */
export function stateFolder({ outputDir, outputName, stateDir = outputDir }: StateSettings, moment: Moment): string {
  return path.join(stateDir, `${outputName}${suffix(moment)}-state`);
}

function suffix(moment: Moment): string {
  if (moment.kind === "step") return `-step${String(moment.step).padStart(8, "0")}`;
  if (moment.kind === "epoch") return `-${String(moment.epoch).padStart(6, "0")}`;
  return moment.kind === "last" ? "-last" : "";
}

/** A file of another run, or of a later step, that was in the way and was renamed. */
export interface KeptFile {
  readonly from: string;
  /** Its new name. */
  readonly to: string;
}

/** "mycat-old1" for mycat, or the first free number: all earlier files that a run finds are kept under one name. */
export async function freeOldName({ outputDir, outputName }: Omit<NameSettings, "saveModelAs">) {
  const { dir, base } = path.parse(path.join(outputDir, outputName));
  const names = await namesIn(dir);
  for (let number = 1; ; number++) {
    const old = `${base}-old${number}`;
    const isTaken = names.some((name) => name.startsWith(old) && !/^\d/.test(name.slice(old.length)));
    if (!isTaken) return `${outputName}-old${number}`;
  }
}

/** Shared by two warnings, of which only the first is shown: that files may have to be kept, and that one was. */
const outputKept = { code: "OUTPUT_KEPT", key: "OUTPUT_KEPT" };

/** Warns of files in the way of a run that starts without a state. */
export async function earlierFileWarnings(
  settings: NameSettings & Pick<TrainSettings, "overwrite">,
  hasReport: boolean,
): Promise<Warning[]> {
  const { outputDir, outputName, saveModelAs, overwrite } = settings;
  if (overwrite) return [];
  const { dir, base } = path.parse(path.join(outputDir, outputName));
  const saved = /^(-step\d{8,}|-\d{6,}|-last)?(-state|\.(pt|ckpt|safetensors))$/;
  const isOurs = (name: string, rest: string) =>
    saved.test(rest)
      ? name.endsWith("-state") || path.extname(name) === `.${saveModelAs}`
      : hasReport && /^\.report\.(html|json)$/.test(rest);
  const found = (await namesIn(dir)).filter((name) => name.startsWith(base) && isOurs(name, name.slice(base.length)));
  if (found.length === 0) return [];
  const message = `An earlier run left ${firstFew(found.sort(), 3)} in ${outputDir}. Files that this run would overwrite are kept as ${await freeOldName(settings)}..., unless they have the same content; --overwrite overwrites them.`;
  return [{ ...outputKept, message }];
}

/** Warns of files that were renamed, naming the first. */
export function keptWarning({ from, to }: KeptFile): Warning {
  const message = `${from} was there from another run, or from a later step of this one. It is kept as ${to}, and so are others; --overwrite overwrites them.`;
  return { ...outputKept, message };
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Warns before training if the file's name, by which programs call the embedding, does not work in all of them. */
export function namingWarnings(
  { outputName, tokenString }: Pick<TrainSettings, "outputName" | "tokenString">,
  { tokenizers, tokens }: Pick<PreparedPlaceholder, "tokenizers" | "tokens">,
): Warning[] {
  const name = path.basename(outputName);
  const vectors = tokens.length;
  const naming = {
    vectors,
    isTaken: (word: string) => placeholderTokens(word, vectors).some((token) => isOfVocabulary(token, { tokenizers })),
  };
  const problems = namingProblems(name, naming);
  if (problems.length === 0) return [];
  const captions = outputName === tokenString ? " and changes nothing in the captions" : "";
  const message = `Programs call an embedding by its file's name, and "${name}" does not work in all of them: ${problems.join("; ")}. --output_name ${nameForAll(name, naming)} works in all programs${captions}.`;
  return [{ code: "OUTPUT_NAME", message }];
}
