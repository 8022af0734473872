import path from "node:path";
import { type NdArray, toFloat32 } from "../../array/index.ts";
import { readStoredArray, readWeightFile, rowsOf } from "../../checkpoint/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";

/** What can be used of a state of sd-scripts (accelerate's folder): the learned rows per text encoder. */
export interface ForeignState {
  readonly kind: "foreign";
  readonly rows: readonly NdArray<Float32Array>[];
}

const tokenTable = "text_model.embeddings.token_embedding.weight";

/** Reads sd-scripts' state, whose optimizer is a pickle that only PyTorch can use. names: the files of the folder. @throws STATE_UNREADABLE */
export function foreignState(folder: string, names: readonly string[], where: string): ForeignState {
  const files = ["model.safetensors", "model_1.safetensors"].filter((name) => names.includes(name));
  if (files.length === 0)
    throw new CoinageError("STATE_UNREADABLE", `${folder} holds no training state.`, {
      where,
      hint: "Training states are folders whose names end in -state; --save_state writes them.",
    });
  return { kind: "foreign", rows: files.map((name) => learnedRowsOf(path.join(folder, name), where)) };
}

function learnedRowsOf(file: string, where: string): NdArray<Float32Array> {
  const table = readWeightFile(file).tensors.get(tokenTable);
  const count = (table?.shape[0] ?? 0) - firstPlaceholderId;
  if (!table || count <= 0)
    throw new CoinageError("STATE_UNREADABLE", `${file} holds no text encoder with learned vectors.`, {
      where,
      hint: "A state of sd-scripts' Textual Inversion has them; start from an embedding file with --weights instead.",
    });
  return toFloat32(readStoredArray(rowsOf(table, firstPlaceholderId, count)));
}
