import { readArguments } from "./arguments.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** RMSprop, as in PyTorch. Source: Hinton 2012, "Neural Networks for Machine Learning", lecture 6e. */
export function rmsprop(given: PythonArguments): UpdateRule {
  const args = readArguments(given, { alpha: 0.99, eps: 1e-8, weight_decay: 0, momentum: 0, centered: false });
  const { alpha, eps, momentum } = args;
  const rule: UpdateRule<"square" | "mean" | "buffer"> = {
    numbers: {},
    init: zeros("square", "mean", "buffer"),
    step(slots, _, learningRate) {
      for (const { parameters, gradients, state } of slots) {
        const { square, mean, buffer } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + args.weight_decay * parameters[i]!;
          square[i] = alpha * square[i]! + (1 - alpha) * gradient ** 2;
          if (args.centered) mean[i] = alpha * mean[i]! + (1 - alpha) * gradient;
          const update = gradient / (Math.sqrt(square[i]! - mean[i]! ** 2) + eps);
          buffer[i] = momentum * buffer[i]! + update;
          parameters[i]! -= learningRate * (momentum ? buffer[i]! : update);
        }
      }
    },
  };
  return rule;
}
