import { integers, node, type Tensor } from "../tensor.ts";
import { add, scale } from "./elementwise.ts";
import { reshape } from "./reshape.ts";

/** A zero that can be computed only when all the given tensors are there: one element of each, times 0. Added to a tensor it makes that one wait, without changing it;
 *  where an element is no finite number the result is none either, and such a step is lost anyway. Source: onnxruntime.md section 5.2. */
export function sampleZero(tensors: readonly (Tensor | undefined)[]): Tensor {
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
