import { bfloat16ToFloat32, concatenate, type DType, float16ToFloat32, type NdArray } from "../array/index.ts";
import { limits } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { FileTensor } from "./contents.ts";

const vectorDtypes: readonly string[] = ["float64", "float32", "float16", "bfloat16"] satisfies readonly DType[];

/** The vectors of one role [n, width], from one tensor or several stacked; a tensor [width] is one vector.
 *  @throws EMBEDDING_DTYPE, EMBEDDING_SHAPE, EMBEDDING_EMPTY, EMBEDDING_NOT_FINITE */
export function readVectors(role: string, tensors: readonly FileTensor[], where: string): NdArray {
  return stackTables(
    tensors.map((tensor) => readTable(role, tensor, where)),
    where,
  );
}

/** Stacks tables [n, width] into one. @throws EMBEDDING_SHAPE if they differ in width or dtype */
export function stackTables(tables: readonly NdArray[], where: string): NdArray {
  const [first] = tables as [NdArray];
  const isUniform = tables.every(({ dtype, shape }) => dtype === first.dtype && shape[1] === first.shape[1]);
  if (!isUniform) throw wrongShape(where, `its tensors differ in width or dtype`);
  return tables.length === 1 ? first : concatenate(tables);
}

function readTable(role: string, tensor: FileTensor, where: string): NdArray {
  const { dtype, shape } = tensor;
  if (!vectorDtypes.includes(dtype))
    throw new CoinageError(
      "EMBEDDING_DTYPE",
      `${where}: "${role}" is stored as ${dtype}; vectors are floating-point numbers.`,
    );
  if (shape.length !== 1 && shape.length !== 2)
    throw wrongShape(where, `"${role}" has the shape [${shape.join(", ")}]`);
  const [count, width] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
  if (count === 0 || width === 0) throw new CoinageError("EMBEDDING_EMPTY", `${where}: "${role}" holds no vector.`);
  if (count > limits.vectors.max) throw wrongShape(where, `"${role}" holds ${count} vectors`);
  const table = { ...tensor.read(), shape: [count, width] };
  refuseNotFinite(role, table, where);
  return table;
}

function refuseNotFinite(role: string, { dtype, shape, data }: NdArray, where: string): void {
  const toNumber = dtype === "float16" ? float16ToFloat32 : dtype === "bfloat16" ? bfloat16ToFloat32 : Number;
  const position = (data as ArrayLike<number> & { findIndex(test: (value: number) => boolean): number }).findIndex(
    (value) => !Number.isFinite(toNumber(value)),
  );
  if (position >= 0)
    throw new CoinageError(
      "EMBEDDING_NOT_FINITE",
      `${where}: vector ${Math.floor(position / shape[1]!)} of "${role}" has a number that is not finite.`,
      { hint: "Its training diverged. Use an earlier save." },
    );
}

function wrongShape(where: string, what: string): CoinageError {
  return new CoinageError("EMBEDDING_SHAPE", `${where}: ${what}.`, {
    hint: "An embedding is a table [vectors, width], or one vector [width].",
  });
}
