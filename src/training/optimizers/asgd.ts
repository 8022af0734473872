import { readArguments } from "./arguments.ts";
import type { UpdateRule } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Gradient descent with a falling step size and a pull to 0, as in PyTorch. Its average is not computed: nothing reads it.
 *  Source: Polyak 1992, "Acceleration of stochastic approximation by averaging". */
export function asgd(given: PythonArguments): UpdateRule {
  const args = readArguments(given, { lambd: 1e-4, alpha: 0.75, t0: 1e6, weight_decay: 0 });
  const rule: UpdateRule<never, "count" | "eta"> = {
    numbers: { count: 0, eta: 0 },
    init: () => ({}),
    step(slots, numbers, learningRate) {
      const eta = numbers.count === 0 ? learningRate : numbers.eta;
      for (const { parameters, gradients } of slots)
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + args.weight_decay * parameters[i]!;
          parameters[i] = parameters[i]! * (1 - args.lambd * eta) - eta * gradient;
        }
      numbers.count++;
      numbers.eta = learningRate / (1 + args.lambd * learningRate * numbers.count) ** args.alpha;
    },
  };
  return rule;
}
