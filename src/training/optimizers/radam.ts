import { readArguments } from "./arguments.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Steps are adaptive only once the variance of their denominator is bounded. */
const smallestLength = 5;

/** Rectified Adam, as in PyTorch. Source: Liu 2019, "On the Variance of the Adaptive Learning Rate and Beyond". */
export function radam(given: PythonArguments): UpdateRule {
  const args = readArguments(given, {
    betas: [0.9, 0.999],
    eps: 1e-8,
    weight_decay: 0,
    decoupled_weight_decay: false,
  });
  const { eps, weight_decay: decay, decoupled_weight_decay: decoupled } = args;
  const [beta1, beta2] = args.betas;
  const full = 2 / (1 - beta2) - 1;
  const rule: UpdateRule<"mean" | "square", "count"> = {
    numbers: { count: 0 },
    init: zeros("mean", "square"),
    step(slots, numbers, learningRate) {
      const count = ++numbers.count;
      const correction = 1 - beta2 ** count;
      const rate = learningRate / (1 - beta1 ** count);
      const length = full - (2 * count * beta2 ** count) / correction;
      const rectification = Math.sqrt(((length - 4) * (length - 2) * full) / ((full - 4) * (full - 2) * length));
      for (const { parameters, gradients, state } of slots) {
        const { mean, square } = state;
        for (let i = 0; i < parameters.length; i++) {
          const value = parameters[i]! * (decoupled ? 1 - learningRate * decay : 1);
          const gradient = gradients[i]! + (decoupled ? 0 : decay * value);
          mean[i] = beta1 * mean[i]! + (1 - beta1) * gradient;
          square[i] = beta2 * square[i]! + (1 - beta2) * gradient ** 2;
          const adaptive =
            length > smallestLength ? (rectification * Math.sqrt(correction)) / (Math.sqrt(square[i]!) + eps) : 1;
          parameters[i] = value - rate * adaptive * mean[i]!;
        }
      }
    },
  };
  return rule;
}
