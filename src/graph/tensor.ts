import type { DType, NdArray, StoredArray } from "../array/index.ts";
import type { OnnxAttribute } from "../formats/onnx/index.ts";
import type { Dim, Shape } from "./dims.ts";

/** A symbolic tensor: how to compute it, not its values. Tensors are immutable and compared by identity. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly source: Source;
  /** How a gradient at this tensor becomes gradients at the tensors from which it is computed; undefined for leaves and if there is none. */
  readonly rule: GradientRule | undefined;
}

type Source = InputSource | WeightSource | ConstantSource | NodeOutput;

/** Fed in every run. */
interface InputSource {
  readonly kind: "input";
  readonly name: string;
}

/** A frozen array, read from its file. */
export interface WeightSource {
  readonly kind: "weight";
  readonly name: string;
  readonly stored: StoredArray;
  /** Keeps the stored dtype instead of converting to float32. */
  readonly isRaw: boolean;
}

interface ConstantSource {
  readonly kind: "constant";
  readonly value: NdArray;
}

interface NodeOutput {
  readonly kind: "node";
  readonly node: GraphNode;
  readonly index: number;
}

/** One operator with the tensors it reads. */
export interface GraphNode {
  readonly opType: string;
  readonly domain: "" | "com.microsoft" | "coinage";
  /** undefined: an omitted optional input. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  readonly outputs: readonly { readonly dtype: DType; readonly shape: Shape }[];
}

/** A vector-Jacobian product: from the gradient at the output to the gradients at `inputs`, undefined where none is needed. */
export interface GradientRule {
  readonly inputs: readonly Tensor[];
  readonly gradients: (upstream: Tensor, isNeeded: (index: number) => boolean) => readonly (Tensor | undefined)[];
}

export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return { dtype, shape, source: { kind: "input", name }, rule: undefined };
}

/** A frozen weight, used in float32 whatever its stored dtype. */
export function weight(name: string, stored: StoredArray): Tensor {
  return {
    dtype: "float32",
    shape: stored.shape,
    source: { kind: "weight", name, stored, isRaw: false },
    rule: undefined,
  };
}

/** A frozen weight in its stored dtype: for tables of which only a few rows are read and converted. */
export function rawWeight(name: string, stored: StoredArray): Tensor {
  return {
    dtype: stored.dtype,
    shape: stored.shape,
    source: { kind: "weight", name, stored, isRaw: true },
    rule: undefined,
  };
}

/** A view of a weight in another shape with as many elements. */
export function reshapedWeight(tensor: Tensor, shape: readonly number[]): Tensor {
  const { source } = tensor;
  if (source.kind !== "weight") throw new Error("only a weight can be viewed in another shape");
  return weight(`${source.name}[${shape.join(",")}]`, { ...source.stored, shape });
}

export function constant(value: NdArray): Tensor {
  return { dtype: value.dtype, shape: value.shape, source: { kind: "constant", value }, rule: undefined };
}

export function scalar(value: number): Tensor {
  return constant({ dtype: "float32", shape: [], data: Float32Array.of(value) });
}

/** A constant list of integers: axes, pads, shapes. */
export function integers(...values: readonly number[]): Tensor {
  return constant({ dtype: "int64", shape: [values.length], data: BigInt64Array.from(values.map(BigInt)) });
}

type AttributeValue = number | string | readonly number[] | { readonly float: number };

export interface NodeOptions {
  readonly domain?: GraphNode["domain"];
  /** A number is an integer attribute; { float } is a floating-point one. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly dtype?: DType;
}

/** The output of one operator, without a gradient rule. */
export function node(
  opType: string,
  inputs: readonly (Tensor | undefined)[],
  shape: readonly Dim[],
  options: NodeOptions = {},
): Tensor {
  return nodes(opType, inputs, [shape], options)[0]!;
}

/** The outputs of an operator with several. */
export function nodes(
  opType: string,
  inputs: readonly (Tensor | undefined)[],
  shapes: readonly Shape[],
  { domain = "", attributes = {}, dtype }: NodeOptions = {},
): Tensor[] {
  const type = dtype ?? inputs.find((tensor) => tensor !== undefined)?.dtype ?? "float32";
  const outputs = shapes.map((shape) => ({ dtype: type, shape }));
  const graphNode: GraphNode = {
    opType,
    domain,
    inputs,
    attributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, toAttribute(value)])),
    outputs,
  };
  return outputs.map((output, index) => ({
    ...output,
    source: { kind: "node", node: graphNode, index },
    rule: undefined,
  }));
}

function toAttribute(value: AttributeValue): OnnxAttribute {
  if (typeof value === "number") return { int: value };
  if (typeof value === "string") return { text: value };
  return "float" in value ? value : { ints: value };
}

/** The tensor with its gradient rule. */
export function differentiable(
  tensor: Tensor,
  inputs: readonly Tensor[],
  gradients: GradientRule["gradients"],
): Tensor {
  return { ...tensor, rule: { inputs, gradients } };
}
