import { type OptimizerArguments, readArguments } from "./arguments.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";

/** Lion: steps of equal size along the sign of the momentum. Source: Chen 2023, "Symbolic Discovery of Optimization Algorithms". */
export function lion(given: OptimizerArguments): UpdateRule {
  return lionRule(readArguments(given, { betas: [0.9, 0.99], weight_decay: 0 }));
}

export function lionRule({
  betas: [beta1, beta2],
  weight_decay: decay,
}: {
  readonly betas: readonly [number, number];
  readonly weight_decay: number;
}): UpdateRule<"mean"> {
  return {
    numbers: {},
    init: zeros("mean"),
    step(slots, _, learningRate) {
      for (const { parameters, gradients, state } of slots) {
        const { mean } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]!;
          const direction = Math.sign(beta1 * mean[i]! + (1 - beta1) * gradient);
          parameters[i] = parameters[i]! * (1 - learningRate * decay) - learningRate * direction;
          mean[i] = beta2 * mean[i]! + (1 - beta2) * gradient;
        }
      }
    },
  };
}
