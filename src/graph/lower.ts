import type { OnnxAttribute } from "../formats/onnx/index.ts";
import { nominalDim, type Shape } from "./dims.ts";
import { transpose } from "./ops/reshape.ts";
import { type GraphNode, integers, node, scalar, type Tensor } from "./tensor.ts";

/** What differs between devices in how an operation is best written. */
export interface Target {
  /** How a convolution of stride 1 is differentiated. "turned": as a convolution with the kernel turned round and its channels swapped, which holds a second copy
   *  of the weights; "transposed": ConvTranspose on the weights as they lie; "balanced": turned where the copy is small or the picture large enough to pay for it. */
  readonly convDataGradient: "turned" | "transposed" | "balanced";
  /** Whether the device has a matrix product that transposes and scales on the way (com.microsoft.FusedMatMul). */
  readonly hasFusedMatmul: boolean;
}

/** The node written with operators that the target has; undefined when it has the node itself. */
export function lower(tensor: Tensor, graphNode: GraphNode, target: Target): Tensor | undefined {
  if (graphNode.opType === "ConvDataGradient") return lowerConvDataGradient(tensor, graphNode, target);
  if (graphNode.opType === "FusedMatMul" && !target.hasFusedMatmul) return lowerFusedMatmul(tensor, graphNode);
  return undefined;
}

/** The gradient of a stride-1 convolution at its input: upstream [B, out, H', W'] to [B, in, H, W]. */
function lowerConvDataGradient(tensor: Tensor, { inputs, attributes }: GraphNode, target: Target): Tensor {
  const [upstream, weight] = inputs as readonly [Tensor, Tensor];
  const kernel = int(attributes.kernel);
  const pads = ints(attributes.pads);
  const kernelShape = [kernel, kernel];
  if (!isTurned(target.convDataGradient, upstream, weight))
    return node("ConvTranspose", [upstream, weight], tensor.shape, { attributes: { kernel_shape: kernelShape, pads } });
  return node("Conv", [upstream, turned(weight, kernel)], tensor.shape, {
    attributes: { kernel_shape: kernelShape, pads: pads.map((size) => kernel - 1 - size) },
  });
}

/** On CPUs turned kernels are up to 1.6 times as fast, whatever their size; what they gain for the bytes they take grows with the pixels they are used on. */
const smallKernel = 1 << 20;
const manyPixels = 1024;

function isTurned(choice: Target["convDataGradient"], upstream: Tensor, weight: Tensor): boolean {
  if (choice !== "balanced") return choice === "turned";
  const count = (shape: Shape) => shape.reduce<number>((product, size) => product * nominalDim(size), 1);
  return count(weight.shape) <= smallKernel || count(upstream.shape.slice(2)) >= manyPixels;
}

/** Kernels turned by 180 degrees with input and output channels swapped; folded once when the session is made. */
function turned(weight: Tensor, kernel: number): Tensor {
  const swapped = transpose(weight, [1, 0, 2, 3]);
  if (kernel === 1) return swapped;
  const [last, beforeFirst] = [integers(-1, -1), integers(-kernel - 1, -kernel - 1)];
  return node("Slice", [swapped, last, beforeFirst, integers(2, 3), integers(-1, -1)], swapped.shape);
}

function lowerFusedMatmul(tensor: Tensor, { inputs, attributes }: GraphNode): Tensor {
  const [a, b] = inputs as readonly [Tensor, Tensor];
  const left = int(attributes.transA) === 1 ? swapLastTwo(a) : a;
  const right = int(attributes.transB) === 1 ? swapLastTwo(b) : b;
  const product = node("MatMul", [left, right], tensor.shape);
  const factor = attributes.alpha && "float" in attributes.alpha ? attributes.alpha.float : 1;
  return factor === 1 ? product : node("Mul", [product, scalar(factor)], tensor.shape);
}

function swapLastTwo(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

function int(attribute: OnnxAttribute | undefined): number {
  return attribute && "int" in attribute ? attribute.int : 0;
}

function ints(attribute: OnnxAttribute | undefined): readonly number[] {
  return attribute && "ints" in attribute ? attribute.ints : [];
}
