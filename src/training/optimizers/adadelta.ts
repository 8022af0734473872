import { readArguments } from "./arguments.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Adadelta, as in PyTorch. Source: Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method". */
export function adadelta(given: PythonArguments): UpdateRule {
  const { rho, eps, weight_decay } = readArguments(given, { rho: 0.9, eps: 1e-6, weight_decay: 0 });
  const rule: UpdateRule<"square" | "moved"> = {
    numbers: {},
    init: zeros("square", "moved"),
    step(slots, _, learningRate) {
      for (const { parameters, gradients, state } of slots) {
        const { square, moved } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + weight_decay * parameters[i]!;
          square[i] = rho * square[i]! + (1 - rho) * gradient ** 2;
          const update = (Math.sqrt(moved[i]! + eps) / Math.sqrt(square[i]! + eps)) * gradient;
          moved[i] = rho * moved[i]! + (1 - rho) * update ** 2;
          parameters[i]! -= learningRate * update;
        }
      }
    },
  };
  return rule;
}
