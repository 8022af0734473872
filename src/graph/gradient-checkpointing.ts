import { vjp } from "./grad.ts";
import { add } from "./ops/elementwise.ts";
import { zeroAfter } from "./ops/optimization-barrier.ts";
import { join, splitRows } from "./ops/reshape.ts";
import { differentiable, type Tensor } from "./tensor.ts";

/** Which activations of a network to keep for its gradient.
 *  Source: Chen 2016, "Training Deep Nets with Sublinear Memory Cost". */
export interface CheckpointPolicy {
  /** A segment of a network from the given tensors to its output. Gradients reach only those tensors, so nothing else in it may need one. */
  readonly segment: (inputs: readonly Tensor[], build: (inputs: readonly Tensor[]) => Tensor) => Tensor;
  /** The same for a segment that computes each row of its result from the same row of x [rows, C]. */
  readonly rows: (x: Tensor, build: (x: Tensor) => Tensor) => Tensor;
}

/** Keeps all activations. */
export const keepActivations: CheckpointPolicy = {
  segment: (inputs, build) => build(inputs),
  rows: (x, build) => build(x),
};

/** Keeps only the inputs and outputs of segments; all between is recomputed for the gradient, rows in blocks one after another. */
export const recomputeActivations: CheckpointPolicy = {
  segment(inputs, build) {
    const output = { ...build(inputs), rule: undefined };
    return differentiable(output, inputs, (upstream, isNeeded) => {
      const gradients = gradientsAfter(upstream, inputs, build, upstream, isNeeded);
      // the gradient at the first input waits for all others, so that each segment finishes before the next starts
      const first = gradients.findIndex((gradient) => gradient !== undefined);
      const others = gradients.filter((gradient, index) => gradient && index !== first);
      if (others.length > 0) gradients[first] = add(gradients[first]!, zeroAfter(others));
      return gradients;
    });
  },

  rows(x, build) {
    const output = { ...build(x), rule: undefined };
    return differentiable(output, [x], (upstream) => {
      const found: Tensor[] = [];
      const upstreamBlocks = splitRows(upstream, 0, blockRows);
      for (const [i, block] of splitRows(x, 0, blockRows).entries()) {
        const before = found.at(-1) ?? upstream;
        found.push(
          gradientsAfter(
            before,
            [block],
            ([block]) => build(block!),
            upstreamBlocks[i]!,
            () => true,
          )[0]!,
        );
      }
      return [join(found, 0, x.shape[0]!)];
    });
  },
};

/** Rows per block: enough for matrix products at full speed. */
const blockRows = 1024;

/** Gradients of a segment that is recomputed only once `before` is known: otherwise the runtime would recompute early (and merge with the first computation), which would save no memory. */
function gradientsAfter(
  before: Tensor,
  inputs: readonly Tensor[],
  build: (inputs: readonly Tensor[]) => Tensor,
  upstream: Tensor,
  isNeeded: (index: number) => boolean,
): (Tensor | undefined)[] {
  const after = zeroAfter([before]);
  const again = inputs.map((tensor) => add(tensor, after));
  const wanted = again.filter((_, index) => isNeeded(index));
  const found = vjp(build(again), upstream, wanted);
  return again.map((tensor) => found[wanted.indexOf(tensor)]);
}
