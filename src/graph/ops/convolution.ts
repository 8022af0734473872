import { CoinageError } from "../../errors/index.ts";
import { convolvedDim, derivedDim, describeShape, dimKey, isMultipleOf, sameDim } from "../dims.ts";
import { differentiable, integers, node, type Tensor } from "../tensor.ts";
import { spatialSizeOf } from "./reshape.ts";

export interface ConvolutionOptions {
  readonly stride?: 1 | 2;
  /** Zero rows and columns to add: top, left, bottom, right. */
  readonly padding?: readonly [number, number, number, number];
}

/** 2-D convolution. x: [B, in, H, W], weight: [out, in, k, k], bias: [out]. Differentiable in x only: weights are frozen. */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | undefined, options: ConvolutionOptions = {}): Tensor {
  const { stride = 1, padding = [0, 0, 0, 0] } = options;
  const [batch, channels, height, width] = x.shape;
  const [outputs, inputs, kernel] = weight.shape as readonly number[];
  if (!sameDim(channels!, inputs!))
    throw new CoinageError("SHAPE", `A convolution with ${inputs} input channels was given ${describeShape(x.shape)}.`);
  const [top, left, bottom, right] = padding;
  const shape = [
    batch!,
    outputs!,
    convolvedDim(height!, top + bottom, kernel!, stride),
    convolvedDim(width!, left + right, kernel!, stride),
  ];
  const y = node("Conv", [x, weight, bias], shape, { attributes: convolutionAttributes(kernel!, stride, padding) });
  return differentiable(y, [x], (upstream) => [
    stride === 1
      ? gradientOfUnitStride(upstream, weight, x, padding)
      : gradientOfStride(upstream, weight, x, padding, stride),
  ]);
}

export function convolutionAttributes(kernel: number, stride: number, padding: readonly number[]) {
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: padding };
}

/** lower.ts decides by device between flipped kernels and a transposed convolution. */
function gradientOfUnitStride(upstream: Tensor, weight: Tensor, x: Tensor, padding: readonly number[]): Tensor {
  return node("ConvDataGradient", [upstream, weight], x.shape, {
    domain: "coinage",
    attributes: { kernel: Number(weight.shape[2]), pads: padding },
  });
}

/** output_padding restores rows at the end that no window reached: as many as possible, then cut to size. */
function gradientOfStride(
  upstream: Tensor,
  weight: Tensor,
  x: Tensor,
  [top, left, bottom, right]: readonly [number, number, number, number],
  stride: number,
): Tensor {
  const kernel = Number(weight.shape[2]);
  const [batch, channels, height, width] = x.shape;
  const restFor = (padding: number) => (((padding - kernel) % stride) + stride) % stride;
  const isEven = isMultipleOf(height!, stride) && isMultipleOf(width!, stride);
  const outputPadding = isEven ? [restFor(top + bottom), restFor(left + right)] : [stride - 1, stride - 1];
  const beforeCut = (axis: number) => {
    const padding = axis === 2 ? top + bottom : left + right;
    const grow = (size: number) => (size - 1) * stride - padding + kernel + stride - 1;
    return derivedDim(`transposed(${dimKey(upstream.shape[axis]!)},${padding})`, upstream.shape[axis]!, grow);
  };
  const grown = isEven ? x.shape : [batch!, channels!, beforeCut(2), beforeCut(3)];
  const dx = node("ConvTranspose", [upstream, weight], grown, {
    attributes: {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [top, left, bottom, right],
      output_padding: outputPadding,
    },
  });
  if (isEven) return dx;
  return node("Slice", [dx, integers(0, 0), spatialSizeOf(x), integers(2, 3)], [batch!, channels!, height!, width!]);
}
