import { pullBack } from "./grad.ts";
import { add } from "./ops/elementwise.ts";
import { sampleZero } from "./ops/gate.ts";
import { differentiable, type Tensor } from "./tensor.ts";

/** A part of a network between the given tensors and its output. Its gradient reaches those only, so they must be all that carries one. */
export type Stage = (inputs: readonly Tensor[], build: (inputs: readonly Tensor[]) => Tensor) => Tensor;

/** A stage as it is. */
export const throughout: Stage = (inputs, build) => build(inputs);

/** A stage of which only inputs and output are kept for the gradient; all between is computed a second time then.
 *  The second time may begin only when the gradient at the output is there, or the runtime would do it early (and merge it with the first), and nothing would be saved;
 *  and the gradient at the first input is given out only when all others are there, so that parts are worked off one after another. */
export const checkpointed: Stage = (inputs, build) => {
  const output = { ...build(inputs), rule: undefined };
  return differentiable(output, inputs, (upstream, isNeeded) => {
    const after = sampleZero([upstream]);
    const again = inputs.map((tensor) => add(tensor, after));
    const wanted = again.filter((_, index) => isNeeded(index));
    const found = pullBack(build(again), upstream, wanted);
    const gradients = again.map((tensor) => found[wanted.indexOf(tensor)]);
    const first = gradients.findIndex((gradient) => gradient !== undefined);
    const others = gradients.filter((gradient, index) => gradient && index !== first);
    if (others.length > 0) gradients[first] = add(gradients[first]!, sampleZero(others));
    return gradients;
  });
};
