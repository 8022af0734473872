import type { OnnxAttribute } from "../formats/onnx/index.ts";
import { nominalDim, type Shape } from "./dims.ts";
import { inFloat16 } from "./half.ts";
import { attentionInBlocks } from "./ops/attention.ts";
import { toFloat32 } from "./ops/lookup.ts";
import { transpose } from "./ops/reshape.ts";
import { type GraphNode, integers, node, rawWeight, scalar, type Tensor, weight } from "./tensor.ts";

/** What differs between devices in how an operation is best written. */
export interface Target {
  /** How a convolution of stride 1 is differentiated. "turned": as a convolution with the kernel turned round and its channels swapped, which holds a second copy
   *  of the weights; "transposed": ConvTranspose on the weights as they lie; "balanced": turned where the copy is small or the picture large enough to pay for it. */
  readonly convDataGradient: "turned" | "transposed" | "balanced";
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
  readonly products: "float32" | "float16";
}

/** The node written with operators that the target has; undefined when it has the node itself. */
export function lower(tensor: Tensor, graphNode: GraphNode, target: Target): Tensor | undefined {
  return (
    lowerOperator(tensor, graphNode, target) ??
    (target.products === "float16" ? inFloat16(tensor, graphNode) : undefined)
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
  const kernelShape = [kernel, kernel];
  if (!isTurned(target.convDataGradient, upstream, kernels))
    return node("ConvTranspose", [upstream, kernels], tensor.shape, {
      attributes: { kernel_shape: kernelShape, pads },
    });
  return node("Conv", [upstream, turned(kernels, kernel)], tensor.shape, {
    attributes: { kernel_shape: kernelShape, pads: pads.map((size) => kernel - 1 - size) },
  });
}

/** On CPUs turned kernels are up to 1.6 times as fast, whatever their size; what they gain for the bytes they take grows with the pixels they are used on. */
const smallKernel = 1 << 20;
const manyPixels = 1024;

function isTurned(choice: Target["convDataGradient"], upstream: Tensor, kernels: Tensor): boolean {
  if (choice !== "balanced") return choice === "turned";
  const count = (shape: Shape) => shape.reduce<number>((product, size) => product * nominalDim(size), 1);
  return count(kernels.shape) <= smallKernel || count(upstream.shape.slice(2)) >= manyPixels;
}

/** Kernels turned by 180 degrees with input and output channels swapped; folded once when the session is made, converted from 16 bits whatever becomes of other weights. */
function turned(kernels: Tensor, kernel: number): Tensor {
  const { source } = kernels;
  const constant = source.kind === "weight" ? toFloat32(rawWeight(`${source.name}:stored`, source.stored)) : kernels;
  const swapped = transpose(constant, [1, 0, 2, 3]);
  if (kernel === 1) return swapped;
  const [last, beforeFirst] = [integers(-1, -1), integers(-kernel - 1, -kernel - 1)];
  return node("Slice", [swapped, last, beforeFirst, integers(2, 3), integers(-1, -1)], swapped.shape);
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
