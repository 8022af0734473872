import { isMultipleOf, multiplyDims, sameDim } from "../dims.ts";
import { constant, differentiable, node, type Tensor } from "../tensor.ts";
import { scale } from "./elementwise.ts";
import { spatialSizeOf } from "./reshape.ts";

const nearest = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };

/** Nearest-neighbour upsampling of x [B, C, H, W] to twice its height and width, or to the size of `target`, which may be one row and one column smaller. */
export function upsampleNearest(x: Tensor, target?: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape;
  const size = target ? target.shape.slice(2) : [multiplyDims(2, height!), multiplyDims(2, width!)];
  const shape = [batch!, channels!, ...size];
  const isDoubled = sameDim(size[0]!, multiplyDims(2, height!)) && sameDim(size[1]!, multiplyDims(2, width!));
  const y =
    isDoubled || !target
      ? node("Resize", [x, undefined, doubling], shape, { attributes: nearest })
      : node("Resize", [x, undefined, undefined, spatialSizeOf(target)], shape, {
          attributes: { ...nearest, axes: [2, 3] },
        });
  return differentiable(y, [x], (upstream) => [sumBlocks(upstream, x)]);
}

const doubling = constant({ dtype: "float32", shape: [4], data: Float32Array.of(1, 1, 2, 2) });

/** Sums of 2x2 blocks; a last row or column without a partner is padded with zeros. */
function sumBlocks(upstream: Tensor, x: Tensor): Tensor {
  const isEven = upstream.shape.slice(2).every((size) => isMultipleOf(size, 2));
  const attributes = {
    kernel_shape: [2, 2],
    strides: [2, 2],
    pads: isEven ? [0, 0, 0, 0] : [0, 0, 1, 1],
    count_include_pad: 1,
  };
  return scale(node("AveragePool", [upstream], x.shape, { attributes }), 4);
}
