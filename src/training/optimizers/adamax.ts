import { readArguments } from "./arguments.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Adam with the infinity norm, as in PyTorch. Source: Kingma 2014, "Adam", section 7. */
export function adamax(given: PythonArguments): UpdateRule {
  const args = readArguments(given, { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 });
  const [beta1, beta2] = args.betas;
  const rule: UpdateRule<"mean" | "largest", "count"> = {
    numbers: { count: 0 },
    init: zeros("mean", "largest"),
    step(slots, numbers, learningRate) {
      const rate = learningRate / (1 - beta1 ** ++numbers.count);
      for (const { parameters, gradients, state } of slots) {
        const { mean, largest } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + args.weight_decay * parameters[i]!;
          mean[i] = beta1 * mean[i]! + (1 - beta1) * gradient;
          largest[i] = Math.max(beta2 * largest[i]!, Math.abs(gradient) + args.eps);
          parameters[i]! -= (rate * mean[i]!) / largest[i]!;
        }
      }
    },
  };
  return rule;
}
