import { readdir } from "node:fs/promises";
import path from "node:path";
import { type NdArray, toFloat32 } from "../../array/index.ts";
import { readStoredArray, readWeightFile, rowsOf } from "../../checkpoint/index.ts";
import { CoinageError } from "../../errors/index.ts";
import {
  didYouMean,
  folderOrPrevious,
  kindOfPath,
  readEarlierFile,
  readRegularFile,
  writeFolderAtomically,
} from "../../files/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import { decodeState, encodeState, isSuperseded, runIdOf, stateFiles, type TrainingState } from "./state.ts";

/** What `--resume` found: a state of coinage, or the usable part of sd-scripts'. */
export type FoundState = { readonly kind: "own"; readonly state: TrainingState } | ForeignState;

/** Writes a state, whole or not at all. @throws OUTPUT_UNWRITABLE */
export async function writeState(folder: string, state: TrainingState): Promise<void> {
  await writeFolderAtomically(folder, encodeState(state));
}

/** Whether nothing is lost if a state replaces the one in a folder. */
export async function mayReplaceState(folder: string, state: TrainingState): Promise<boolean> {
  const json = await readEarlierFile(path.join(folder, stateFiles.json));
  return json !== undefined && isSuperseded(new TextDecoder().decode(json), state);
}

/** Whether the state in a folder belongs to a run. */
export async function isStateOf(folder: string, runId: string): Promise<boolean> {
  const json = await readEarlierFile(path.join(folder, stateFiles.json));
  return json !== undefined && runIdOf(new TextDecoder().decode(json)) === runId;
}

/** Reads the state in a folder. @throws FILE_NOT_FOUND, STATE_UNREADABLE */
export async function readState(folder: string): Promise<FoundState> {
  const where = `--resume ${folder}`;
  const standing = await folderOrPrevious(folder);
  if ((await kindOfPath(standing)) !== "folder")
    throw new CoinageError("FILE_NOT_FOUND", `There is no folder ${path.resolve(folder)}.`, {
      where,
      hint: didYouMean(folder) ?? (await hintOfNeighbours(folder)),
    });
  const names = await readdir(standing);
  if (!names.includes(stateFiles.json)) return foreignState(standing, names, where);
  try {
    const [json, arrays] = await Promise.all(
      [stateFiles.json, stateFiles.arrays].map((name) =>
        readRegularFile(path.join(standing, name), "stateFile", { code: "STATE_UNREADABLE", subject: name }),
      ),
    );
    return { kind: "own", state: decodeState(new TextDecoder().decode(json), arrays!) };
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "");
    throw new CoinageError("STATE_UNREADABLE", `The training state in ${standing} cannot be read: ${reason}.`, {
      where,
      hint: "Use another state, or start from an embedding file with --weights.",
      cause,
    });
  }
}

async function hintOfNeighbours(folder: string): Promise<string> {
  const names = await readdir(path.dirname(path.resolve(folder))).catch(() => []);
  const states = names.filter((name) => name.endsWith("-state") && !name.startsWith("."));
  return states.length > 0
    ? `States there: ${states.sort().slice(-5).join(", ")}.`
    : "Training states are folders whose names end in -state; --save_state writes them.";
}

/** The usable part of sd-scripts' state (accelerate's folder): the learned embeddings per text encoder. */
interface ForeignState {
  readonly kind: "foreign";
  readonly embeddings: readonly NdArray<Float32Array>[];
}

const tokenTable = "text_model.embeddings.token_embedding.weight";

/** Reads the embeddings of sd-scripts' state; its optimizer is a pickle that only PyTorch can use. names: files of the folder. @throws STATE_UNREADABLE */
function foreignState(folder: string, names: readonly string[], where: string): ForeignState {
  const files = ["model.safetensors", "model_1.safetensors"].filter((name) => names.includes(name));
  if (files.length === 0)
    throw new CoinageError("STATE_UNREADABLE", `${folder} contains no training state.`, {
      where,
      hint: "Training states are folders whose names end in -state; --save_state writes them.",
    });
  return { kind: "foreign", embeddings: files.map((name) => learnedRowsOf(path.join(folder, name), where)) };
}

function learnedRowsOf(file: string, where: string): NdArray<Float32Array> {
  const table = readWeightFile(file).tensors.get(tokenTable);
  const count = (table?.shape[0] ?? 0) - firstPlaceholderId;
  if (!table || count <= 0)
    throw new CoinageError("STATE_UNREADABLE", `${file} contains no text encoder with learned vectors.`, {
      where,
      hint: "A state of sd-scripts' Textual Inversion has them; start from an embedding file with --weights instead.",
    });
  return toFloat32(readStoredArray(rowsOf(table, firstPlaceholderId, count)));
}
