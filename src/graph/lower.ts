import type { OnnxAttribute } from "../formats/onnx/index.ts";
import { derivedDim, nominalDim, type Shape } from "./dims.ts";
import { attentionInBlocks } from "./ops/attention.ts";
import { cast, multiply, toFloat32 } from "./ops/elementwise.ts";
import { transpose } from "./ops/reshape.ts";
import { type GraphNode, integers, node, rawWeight, scalar, type Tensor, weight } from "./tensor.ts";

/** How to express operations for a device. */
export interface Target {
  /** How a convolution of stride 1 is differentiated. "flipped": as a convolution with the kernel flipped and its channels swapped, which holds a second copy
   *  of the weights; "transposed": ConvTranspose on the weights as stored; "balanced": flipped where the copy is small or the image large enough to pay for it;
   *  "flippedAtUse": flipped at each use where a flipped kernel is smaller than the intermediate results of a transposed convolution. */
  readonly convDataGradient: "flipped" | "transposed" | "balanced" | "flippedAtUse";
  /** Whether the device has a matrix product with transposition and scale (com.microsoft.FusedMatMul). */
  readonly hasFusedMatmul: boolean;
  /** Whether rows can be looked up in a 16-bit table; otherwise the whole table is converted when the session is created. */
  readonly hasHalfLookup: boolean;
  /** Whether the device computes com.microsoft.MultiHeadAttention correctly. */
  readonly hasAttention: boolean;
  /** Whether 16-bit weights are "converted" to float32 when the session is created, at twice their memory in the file, or left as "stored" and converted at each use, whose time
   *  is negligible on CPUs beside the product in which they are used. */
  readonly halfWeights: "converted" | "stored";
  /** The dtype of convolutions, matrix products and attention; everything else is float32. */
  readonly computeDtype: "float32" | "float16";
}

/** The node in operators that the target supports; undefined if it supports the node as it is. */
export function lower(tensor: Tensor, graphNode: GraphNode, target: Target): Tensor | undefined {
  return (
    lowerOperator(tensor, graphNode, target) ??
    (target.computeDtype === "float16" ? inFloat16(tensor, graphNode) : undefined)
  );
}

function lowerOperator(tensor: Tensor, graphNode: GraphNode, target: Target): Tensor | undefined {
  if (graphNode.opType === "ConvDataGradient") return lowerConvDataGradient(tensor, graphNode, target);
  if (graphNode.opType === "FusedMatMul" && !target.hasFusedMatmul) return lowerFusedMatmul(tensor, graphNode);
  if (graphNode.opType === "Gather" && !target.hasHalfLookup) return lowerLookup(tensor, graphNode);
  if (graphNode.opType === "MultiHeadAttention" && !target.hasAttention) return lowerAttention(graphNode);
  return undefined;
}

function lowerAttention({ inputs, attributes }: GraphNode): Tensor {
  const [q, k, v, , , mask] = inputs as readonly [Tensor, Tensor, Tensor, undefined, undefined, Tensor | undefined];
  return attentionInBlocks(q, k, v, mask, int(attributes.num_heads), float(attributes.scale));
}

/** A lookup in a 16-bit table as a lookup in the converted table. */
function lowerLookup(tensor: Tensor, { inputs, attributes }: GraphNode): Tensor | undefined {
  const [table, ids] = inputs as readonly [Tensor, Tensor];
  if (table.source.kind !== "weight" || table.dtype === "float32") return undefined;
  const converted = weight(table.source.name.replace(/:stored$/, ""), table.source.stored);
  return node("Gather", [converted, ids], tensor.shape, { attributes: { axis: int(attributes.axis) } });
}

/** The gradient of a stride-1 convolution at its input: upstream [B, out, H', W'] to [B, in, H, W]. */
function lowerConvDataGradient(tensor: Tensor, { inputs, attributes }: GraphNode, target: Target): Tensor {
  const [upstream, kernels] = inputs as readonly [Tensor, Tensor];
  const kernel = int(attributes.kernel);
  const pads = ints(attributes.pads);
  const flipped = flippedKernels(target.convDataGradient, upstream, kernels);
  const shape = [kernel, kernel];
  if (flipped)
    return node("Conv", [upstream, flipped], tensor.shape, {
      attributes: { kernel_shape: shape, pads: pads.map((size) => kernel - 1 - size) },
    });
  return node("ConvTranspose", [upstream, kernels], tensor.shape, { attributes: { kernel_shape: shape, pads } });
}

/** On CPUs flipped kernels are up to 1.6 times as fast, whatever their size; the gain per byte grows with the number of pixels that they process. */
const smallKernel = 1 << 20;
const manyPixels = 1024;

/** Kernels flipped in height and width, with input and output channels swapped; undefined if they are used as stored. */
function flippedKernels(choice: Target["convDataGradient"], upstream: Tensor, kernels: Tensor): Tensor | undefined {
  const count = (shape: Shape) => shape.reduce<number>((product, size) => product * nominalDim(size), 1);
  const pixels = count(upstream.shape.slice(2));
  switch (choice) {
    case "transposed":
      return undefined;
    case "flipped":
      return flippedOnce(kernels);
    case "balanced":
      return count(kernels.shape) <= smallKernel || pixels >= manyPixels ? flippedOnce(kernels) : undefined;
    case "flippedAtUse":
      // a transposed convolution needs an intermediate column of in x k x k numbers for every pixel
      return Number(kernels.shape[0]) <= pixels ? flippedAtUse(kernels, upstream) : undefined;
  }
}

/** Flipped by constant folding when the session is created; 16-bit kernels are always converted. */
function flippedOnce(kernels: Tensor): Tensor {
  const { source, shape } = kernels;
  const constant = source.kind === "weight" ? toFloat32(rawWeight(`${source.name}:stored`, source.stored)) : kernels;
  if (shape[2] === 1) return transpose(constant, swapped);
  return transpose(flippedAxes(constant, integers(-1, -1), shape), swapped);
}

/** Flipped in every run, once the upstream gradient is known. The sizes depend on it, because otherwise the runtime would keep the buffer for results of the same shape. */
function flippedAtUse(kernels: Tensor, upstream: Tensor): Tensor {
  const [outputs, inputs, kernel] = kernels.shape as readonly number[];
  const batch = node("Shape", [upstream], [1], { dtype: "int64", attributes: { start: 0, end: 1 } });
  const starts = node("Sub", [multiply(batch, integers(0)), integers(1, 1)], [2]);
  const side = derivedDim(`kernel ${kernel}`, upstream.shape[0]!, () => kernel!);
  return transpose(flippedAxes(kernels, starts, [outputs!, inputs!, side, side]), swapped);
}

const swapped = [1, 0, 2, 3];

function flippedAxes(kernels: Tensor, starts: Tensor, shape: Shape): Tensor {
  const beforeFirst = -1 - Number(kernels.shape[2]);
  return node("Slice", [kernels, starts, integers(beforeFirst, beforeFirst), integers(2, 3), integers(-1, -1)], shape);
}

function lowerFusedMatmul(tensor: Tensor, { inputs, attributes }: GraphNode): Tensor {
  const [a, b] = inputs as readonly [Tensor, Tensor];
  const left = int(attributes.transA) === 1 ? swapLastTwo(a) : a;
  const right = int(attributes.transB) === 1 ? swapLastTwo(b) : b;
  const product = node("MatMul", [left, right], tensor.shape);
  const factor = float(attributes.alpha);
  return factor === 1 ? product : node("Mul", [product, scalar(factor)], tensor.shape);
}

function swapLastTwo(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

function int(attribute: OnnxAttribute | undefined): number {
  return attribute && "int" in attribute ? attribute.int : 0;
}

function float(attribute: OnnxAttribute | undefined): number {
  return attribute && "float" in attribute ? attribute.float : 1;
}

function ints(attribute: OnnxAttribute | undefined): readonly number[] {
  return attribute && "ints" in attribute ? attribute.ints : [];
}

/** The operators that compute in float16. As in PyTorch's autocast, norms, softmax, sums, activations and the loss stay in float32. */
const float16Operators = ["Conv", "ConvTranspose", "Gemm", "MatMul", "FusedMatMul", "MultiHeadAttention"];

/** Products that sum fewer numbers gain nothing and stay in float32; the selection of learned embeddings, one of them, thus stays exact. */
const fewSummands = 16;

/** The operator on float16 operands, its result converted back to float32; undefined if it stays in float32. */
export function inFloat16(tensor: Tensor, graphNode: GraphNode): Tensor | undefined {
  if (!float16Operators.includes(graphNode.opType) || tensor.dtype !== "float32" || isSmall(graphNode))
    return undefined;
  const half: GraphNode = {
    ...graphNode,
    inputs: graphNode.inputs.map((operand) => operand && toFloat16(operand)),
    outputs: graphNode.outputs.map((output) => ({ ...output, dtype: "float16" })),
  };
  const product: Tensor = {
    dtype: "float16",
    shape: tensor.shape,
    source: { kind: "node", node: half, index: 0 },
    rule: undefined,
  };
  return cast(product, "float32");
}

function isSmall({ opType, inputs }: GraphNode): boolean {
  return opType === "MatMul" && nominalDim(inputs[0]!.shape.at(-1)!) < fewSummands;
}

function toFloat16(x: Tensor): Tensor {
  const { source } = x;
  if (source.kind === "weight" && source.stored.dtype === "float16")
    return rawWeight(`${source.name}:stored`, source.stored);
  return cast(x, "float16");
}
