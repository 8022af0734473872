import type { OnnxAttribute } from "../formats/onnx/index.ts";
import { derivedDim, nominalDim, type Shape } from "./dims.ts";
import { inFloat16 } from "./half.ts";
import { attentionInBlocks } from "./ops/attention.ts";
import { multiply } from "./ops/elementwise.ts";
import { toFloat32 } from "./ops/lookup.ts";
import { transpose } from "./ops/reshape.ts";
import { type GraphNode, integers, node, rawWeight, scalar, type Tensor, weight } from "./tensor.ts";

/** What differs between devices in how an operation is best written. */
export interface Target {
  /** How a convolution of stride 1 is differentiated. "flipped": as a convolution with the kernel flipped and its channels swapped, which holds a second copy
   *  of the weights; "transposed": ConvTranspose on the weights as they lie; "balanced": flipped where the copy is small or the picture large enough to pay for it;
   *  "flippedAtUse": flipped at each use where a flipped kernel is smaller than what a transposed convolution makes on the way. */
  readonly convDataGradient: "flipped" | "transposed" | "balanced" | "flippedAtUse";
  /** Whether the device has a matrix product that transposes and scales on the way (com.microsoft.FusedMatMul). */
  readonly hasFusedMatmul: boolean;
  /** Whether rows can be looked up in a table of 16-bit numbers as it is stored; otherwise the whole table is converted when the session is made. */
  readonly hasHalfLookup: boolean;
  /** Whether com.microsoft.MultiHeadAttention can be trusted. */
  readonly hasAttention: boolean;
  /** What becomes of weights in 16 bits: "converted" to float32 when the session is made, which takes twice the memory they have in the file, or left as "stored" and converted at each use:
   *  on processors that is next to nothing beside the products they go into. */
  readonly halfWeights: "converted" | "stored";
  /** What convolutions, matrix products and attention compute in; everything else is float32. */
  readonly computeDtype: "float32" | "float16";
}

/** The node written with operators that the target has; undefined when it has the node itself. */
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

/** A lookup in a table of 16-bit numbers as one in the converted table. */
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

/** On CPUs flipped kernels are up to 1.6 times as fast, whatever their size; what they gain for the bytes they take grows with the pixels they are used on. */
const smallKernel = 1 << 20;
const manyPixels = 1024;

/** Kernels flipped in height and width, with input and output channels swapped; undefined where they are to be used as they lie. */
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
      // a transposed convolution makes a column of in x k x k numbers for every pixel
      return Number(kernels.shape[0]) <= pixels ? flippedAtUse(kernels, upstream) : undefined;
  }
}

/** Folded when the session is made, converted from 16 bits whatever becomes of other weights. */
function flippedOnce(kernels: Tensor): Tensor {
  const { source, shape } = kernels;
  const constant = source.kind === "weight" ? toFloat32(rawWeight(`${source.name}:stored`, source.stored)) : kernels;
  if (shape[2] === 1) return transpose(constant, swapped);
  return transpose(flippedAxes(constant, integers(-1, -1), shape), swapped);
}

/** Computed when the gradient is there, at every run. The sizes look as if they depended on it, or the runtime would keep the results for others of the same shape. */
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
