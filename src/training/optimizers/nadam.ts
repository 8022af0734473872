import { readArguments } from "./arguments.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Adam with Nesterov's momentum, as in PyTorch. Source: Dozat 2016, "Incorporating Nesterov Momentum into Adam". */
export function nadam(given: PythonArguments): UpdateRule {
  const args = readArguments(given, {
    betas: [0.9, 0.999],
    eps: 1e-8,
    weight_decay: 0,
    momentum_decay: 4e-3,
    decoupled_weight_decay: false,
  });
  const { eps, weight_decay: decay, decoupled_weight_decay: decoupled } = args;
  const [beta1, beta2] = args.betas;
  const momentumAt = (count: number) => beta1 * (1 - 0.5 * 0.96 ** (count * args.momentum_decay));
  const rule: UpdateRule<"mean" | "square", "count" | "product"> = {
    numbers: { count: 0, product: 1 },
    init: zeros("mean", "square"),
    step(slots, numbers, learningRate) {
      const count = ++numbers.count;
      const [now, next] = [momentumAt(count), momentumAt(count + 1)];
      numbers.product *= now;
      const gradientRate = (learningRate * (1 - now)) / (1 - numbers.product);
      const meanRate = (learningRate * next) / (1 - numbers.product * next);
      const correction = 1 - beta2 ** count;
      for (const { parameters, gradients, state } of slots) {
        const { mean, square } = state;
        for (let i = 0; i < parameters.length; i++) {
          const value = parameters[i]! * (decoupled ? 1 - learningRate * decay : 1);
          const gradient = gradients[i]! + (decoupled ? 0 : decay * value);
          mean[i] = beta1 * mean[i]! + (1 - beta1) * gradient;
          square[i] = beta2 * square[i]! + (1 - beta2) * gradient ** 2;
          const denominator = Math.sqrt(square[i]! / correction) + eps;
          parameters[i] = value - (gradientRate * gradient + meanRate * mean[i]!) / denominator;
        }
      }
    },
  };
  return rule;
}
