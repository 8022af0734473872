import { pullBack } from "./grad.ts";
import { add } from "./ops/elementwise.ts";
import { zeroAfter } from "./ops/optimization-barrier.ts";
import { join, splitRows } from "./ops/reshape.ts";
import { differentiable, type Tensor } from "./tensor.ts";

/** What of a network is kept for its gradient. */
export interface CheckpointPolicy {
  /** A part of a network between the given tensors and its output. Its gradient reaches those only, so they must be all that carries one. */
  readonly segment: (inputs: readonly Tensor[], build: (inputs: readonly Tensor[]) => Tensor) => Tensor;
  /** The same for a part that makes each row of its result out of the same row of x [rows, C]. */
  readonly rows: (x: Tensor, build: (x: Tensor) => Tensor) => Tensor;
}

/** Everything is kept. */
export const keepActivations: CheckpointPolicy = {
  segment: (inputs, build) => build(inputs),
  rows: (x, build) => build(x),
};

/** Only what goes into a part and comes out of it is kept; all between is computed a second time for the gradient, rows in blocks one after another. */
export const recomputeActivations: CheckpointPolicy = {
  segment(inputs, build) {
    const output = { ...build(inputs), rule: undefined };
    return differentiable(output, inputs, (upstream, isNeeded) => {
      const gradients = gradientsAfter(upstream, inputs, build, upstream, isNeeded);
      // the gradient at the first input is given out only when all others are there, so that parts are worked off one after another
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

/** Rows worked on at a time: enough of them for products at full speed. */
const blockRows = 1024;

/** Gradients of a part that is computed a second time, once `before` is there: otherwise the runtime would do it early (and merge it with the first time), and nothing would be saved. */
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
  const found = pullBack(build(again), upstream, wanted);
  return again.map((tensor) => found[wanted.indexOf(tensor)]);
}
