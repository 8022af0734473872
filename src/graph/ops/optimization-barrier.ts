import { integers, node, type Tensor } from "../tensor.ts";
import { add, scale } from "./elementwise.ts";
import { reshape } from "./reshape.ts";

/** A zero that can be computed only when all the given tensors are there: one element of each, times 0. Added to a tensor it makes that one wait, without changing it;
 *  if an element is not finite, neither is the result; such a step is lost anyway. The runtime cannot fold the product away, since it cannot know that x 0 is 0 for NaN and infinity. */
export function zeroAfter(tensors: readonly (Tensor | undefined)[]): Tensor {
  const samples = tensors.filter((tensor) => tensor !== undefined).map(firstElement);
  return scale(samples.reduce(add), 0);
}

function firstElement(x: Tensor): Tensor {
  const each = (value: number) => integers(...x.shape.map(() => value));
  const axes = integers(...x.shape.map((_, axis) => axis));
  const one = node(
    "Slice",
    [x, each(0), each(1), axes],
    x.shape.map(() => 1),
  );
  return reshape(one, []);
}
