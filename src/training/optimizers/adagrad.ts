import { readArguments } from "./arguments.ts";
import type { UpdateRule } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** AdaGrad, as in PyTorch. Source: Duchi 2011, "Adaptive Subgradient Methods". */
export function adagrad(given: PythonArguments): UpdateRule {
  const args = readArguments(given, { lr_decay: 0, weight_decay: 0, initial_accumulator_value: 0, eps: 1e-10 });
  const rule: UpdateRule<"sum", "count"> = {
    numbers: { count: 0 },
    init: ({ length }) => ({ sum: new Float32Array(length).fill(args.initial_accumulator_value) }),
    step(slots, numbers, learningRate) {
      const rate = learningRate / (1 + numbers.count++ * args.lr_decay);
      for (const { parameters, gradients, state } of slots) {
        const { sum } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + args.weight_decay * parameters[i]!;
          sum[i]! += gradient ** 2;
          parameters[i]! -= (rate * gradient) / (Math.sqrt(sum[i]!) + args.eps);
        }
      }
    },
  };
  return rule;
}
