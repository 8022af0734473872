import { integers, node, type Tensor } from "../tensor.ts";
import { add, scale } from "./elementwise.ts";
import { reshape } from "./reshape.ts";

/** An optimization barrier: a zero that can be computed only once all the given tensors are known, made from one element of each times 0. Adding it to a tensor makes that tensor wait without
 *  changing it. If an element is not finite, neither is the result, but such a step is lost anyway. The runtime cannot fold the product, because 0 x is not 0 for NaN and infinity. */
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
