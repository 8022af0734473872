import { readArguments } from "./arguments.ts";
import type { UpdateRule } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Resilient backpropagation, as in PyTorch: a step size for each element, grown or shrunk by the gradient's sign alone.
 *  Source: Riedmiller 1993, "A Direct Adaptive Method for Faster Backpropagation Learning". */
export function rprop(given: PythonArguments): UpdateRule {
  const args = readArguments(given, { etas: [0.5, 1.2], step_sizes: [1e-6, 50] });
  const [shrink, grow] = args.etas;
  const [smallest, largest] = args.step_sizes;
  const rule: UpdateRule<"before" | "size", "count"> = {
    numbers: { count: 0 },
    init: ({ length }) => ({ before: new Float32Array(length), size: new Float32Array(length) }),
    step(slots, numbers, learningRate) {
      const isFirst = numbers.count++ === 0;
      for (const { parameters, gradients, state } of slots) {
        const { before, size } = state;
        if (isFirst) size.fill(learningRate);
        for (let i = 0; i < parameters.length; i++) {
          const agreement = Math.sign(gradients[i]! * before[i]!);
          const factor = agreement > 0 ? grow : agreement < 0 ? shrink : 1;
          size[i] = Math.min(largest, Math.max(smallest, size[i]! * factor));
          const gradient = agreement < 0 ? 0 : gradients[i]!;
          parameters[i]! -= Math.sign(gradient) * size[i]!;
          before[i] = gradient;
        }
      }
    },
  };
  return rule;
}
