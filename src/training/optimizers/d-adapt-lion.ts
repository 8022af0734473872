import { readArguments } from "./arguments.ts";
import { forEachElement } from "./d-adaptation.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Lion with D-Adaptation; its estimate may grow at any rate. */
export function dAdaptLion(given: PythonArguments): UpdateRule {
  const args = readArguments(given, { betas: [0.9, 0.99], weight_decay: 0, d0: 1e-6 });
  const [beta1, beta2] = args.betas;
  const root = Math.sqrt(beta2);
  const rule: UpdateRule<"mean" | "sum", "d" | "numerator"> = {
    numbers: { d: args.d0, numerator: 0 },
    usesFrozenRows: true,
    init: zeros("mean", "sum"),
    step(slots, numbers, learningRate) {
      const scale = numbers.d * learningRate;
      let progress = 0;
      let travelled = 0;
      forEachElement(slots, ({ parameters, gradients, state: { mean, sum } }, i) => {
        const gradient = gradients[i]!;
        const direction = Math.sign(beta1 * mean[i]! + (1 - beta1) * gradient);
        parameters[i] = parameters[i]! * (1 - scale * args.weight_decay) - scale * direction;
        mean[i] = beta2 * mean[i]! + (1 - beta2) * scale * gradient;
        progress += direction * sum[i]!;
        sum[i] = root * sum[i]! + (1 - root) * scale * direction;
        travelled += Math.abs(sum[i]!);
      });
      if (travelled === 0) return;
      numbers.numerator = root * numbers.numerator + (1 - root) * scale * progress;
      if (learningRate > 0) numbers.d = Math.max(numbers.d, numbers.numerator / ((1 - root) * travelled));
    },
  };
  return rule;
}
