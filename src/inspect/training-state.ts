import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import type { NdArray, StoredArray } from "../array/index.ts";
import { requireWithin } from "../budget/index.ts";
import { readStoredArray, readWeightFile, rowsOf, withOpenFile } from "../checkpoint/index.ts";
import { CoinageError } from "../errors/index.ts";
import { checkSeal, isStateFormat, stateFormats } from "../files/index.ts";
import { firstPlaceholderId } from "../models/index.ts";
import { describeTable } from "./embedding.ts";
import { type Problem, problemOf, type TrainingStateInspection } from "./inspection.ts";

/** A folder with a training state; undefined for other folders. */
export function inspectTrainingState(folder: string): TrainingStateInspection | undefined {
  const names = readdirSync(folder);
  const own = names.includes("state.json") ? readJson(path.join(folder, "state.json")) : undefined;
  const isDamaged = own === undefined && names.includes("state.json") && names.includes("arrays.safetensors");
  const isOwn = isDamaged || isStateFormat(own?.format);
  const isAccelerates = names.some((name) => /^random_states_\d+\.pkl$/.test(name)) || names.includes("optimizer.bin");
  if (!isOwn && !isAccelerates) return undefined;
  const files = names.map((name) => ({
    name,
    bytes: statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0,
  }));
  const problems: Problem[] = [];
  const tables = attempt(() => (isOwn ? ownRows(folder) : learnedRows(folder, names)), problems) ?? [];
  if (isOwn && problems.length === 0) problems.push(...problemsOfSeal(folder, own));
  return {
    kind: "training-state",
    path: folder,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    problems,
    program: isOwn ? "coinage" : "sd-scripts",
    ...(isOwn ? ownProgress(own ?? {}) : accelerateProgress(readJson(path.join(folder, "train_state.json")) ?? {})),
    tables: tables.map((table, i) =>
      describeTable(tables.length === 1 ? "vectors" : (["clip_l", "clip_g"][i] ?? `table ${i}`), table),
    ),
    files,
  };
}

type Json = Readonly<Record<string, unknown>>;

/** Problems if the files are not as they were written. own: undefined if it is not JSON. */
function problemsOfSeal(folder: string, own: Json | undefined): Problem[] {
  // states of earlier versions have no checksum
  if (own?.format === stateFormats.unsealed) return [];
  try {
    if (own === undefined) throw new Error("state.json cannot be read");
    checkSeal(own, readWhole(path.join(folder, "arrays.safetensors")));
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [{ code: "STATE_UNREADABLE", message: `It is damaged: ${reason}.`, hint: "Use another state." }];
  }
}

function ownProgress({ step, epochsDone, circumstances }: Json) {
  const { steps } = (circumstances ?? {}) as Json;
  return { step: numberOf(step), steps: numberOf(steps), epochsDone: numberOf(epochsDone) };
}

/** Progress as newer versions of sd-scripts write it; its Textual Inversion never does. */
function accelerateProgress({ current_step: step, current_epoch: epoch }: Json) {
  return { step: numberOf(step), steps: undefined, epochsDone: numberOf(epoch) };
}

function ownRows(folder: string): NdArray[] {
  const { tensors } = readWeightFile(path.join(folder, "arrays.safetensors"));
  return [...tensors].filter(([name]) => /^rows\/\d+$/.test(name)).map(([, stored]) => vectorsOf(stored));
}

/** accelerate stores whole text encoders; the learned vectors follow the vocabulary's. */
function learnedRows(folder: string, names: readonly string[]): NdArray[] {
  const encoders = names.filter((name) => /^(model(_1)?\.safetensors|pytorch_model(_1)?\.bin)$/.test(name)).toSorted();
  return encoders.flatMap((name) => {
    const { tensors } = readWeightFile(path.join(folder, name));
    const table = tensors.get("text_model.embeddings.token_embedding.weight");
    const learned = (table?.shape[0] ?? 0) - firstPlaceholderId;
    return table && learned > 0 ? [vectorsOf(rowsOf(table, firstPlaceholderId, learned))] : [];
  });
}

/** The learned rows of a text encoder's token table [vectors, width]. */
function vectorsOf(stored: StoredArray): NdArray {
  const [count = 0, width = 0] = stored.shape;
  if (stored.shape.length !== 2 || width === 0)
    throw new CoinageError("STATE_UNREADABLE", `Its table of vectors has the shape [${stored.shape.join(", ")}].`);
  requireWithin("vectors", count, { code: "STATE_UNREADABLE", subject: "The training state" });
  return readStoredArray(stored);
}

function attempt<Result>(read: () => Result, problems: Problem[]): Result | undefined {
  try {
    return read();
  } catch (error) {
    problems.push(problemOf(error));
    return undefined;
  }
}

function readJson(file: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(readWhole(file)));
    return typeof value === "object" && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function readWhole(file: string): Uint8Array {
  return withOpenFile(file, ({ read, size }) => {
    requireWithin("stateFile", size, { code: "STATE_UNREADABLE", subject: file });
    return read(0, size);
  });
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
