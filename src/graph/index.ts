export { countFlops } from "./cost.ts";
export { type Dim, dim, dimKey, evaluateDim, multiplyDims } from "./dims.ts";
export { type EmittedGraph, emit, type Port } from "./emit.ts";
export { grad } from "./grad.ts";
export { type CheckpointPolicy, keepActivations, recomputeActivations } from "./gradient-checkpointing.ts";
export type { Target } from "./lower.ts";
export { copiesOf, type GraphMemory, graphMemory } from "./memory.ts";
export { geglu, gelu, quickGelu, silu, softmax } from "./ops/activations.ts";
export { attention } from "./ops/attention.ts";
export { type BandConvolution, type Bands, convolveBands, cutBands, groupNormOfBands, joinBands } from "./ops/bands.ts";
export { conv2d } from "./ops/convolution.ts";
export {
  absolute,
  add,
  clamp,
  cos,
  divide,
  exp,
  multiply,
  negate,
  scale,
  sin,
  sqrt,
  square,
  subtract,
  toFloat32,
} from "./ops/elementwise.ts";
export { linear, matmul } from "./ops/linear.ts";
export { lookup } from "./ops/lookup.ts";
export { groupNorm, layerNorm } from "./ops/normalization.ts";
export { reduceSum } from "./ops/reduce.ts";
export { upsampleNearest } from "./ops/resample.ts";
export { concat, reshape, reshapeLike, slice, transpose } from "./ops/reshape.ts";
export { constant, input, rawWeight, reshapedWeight, scalar, type Tensor, weight } from "./tensor.ts";
