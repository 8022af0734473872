import { readArguments } from "./arguments.ts";
import { distanceArguments, forEachElement, grown } from "./d-adaptation.ts";
import { type Slot, type UpdateRule, zeros } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

const adamArguments = {
  ...distanceArguments,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weight_decay: 0,
  decouple: false,
} as const;

/** Adam with D-Adaptation. */
export function dAdaptAdam(given: PythonArguments): UpdateRule {
  const args = readArguments(given, {
    ...adamArguments,
    use_bias_correction: false,
  });
  const { eps, weight_decay: decay, decouple } = args;
  const [beta1, beta2] = args.betas;
  const root = Math.sqrt(beta2);
  const rule: UpdateRule<"mean" | "square" | "sum", "d" | "numerator" | "count"> = {
    numbers: { d: args.d0, numerator: 0, count: 0 },
    usesFrozenRows: true,
    init: zeros("mean", "square", "sum"),
    step(slots, numbers, learningRate) {
      if (learningRate === 0) return;
      const { count } = numbers;
      const correction = args.use_bias_correction
        ? Math.sqrt(1 - beta2 ** (count + 1)) / (1 - beta1 ** (count + 1))
        : 1;
      const scale = numbers.d * learningRate * correction;
      let progress = 0;
      let travelled = 0;
      forEachElement(slots, ({ parameters, gradients, state: { mean, square, sum } }, i) => {
        const gradient = gradients[i]! + (decouple ? 0 : decay * parameters[i]!);
        progress += (gradient * sum[i]!) / (Math.sqrt(square[i]!) + eps);
        mean[i] = beta1 * mean[i]! + scale * (1 - beta1) * gradient;
        square[i] = beta2 * square[i]! + (1 - beta2) * gradient ** 2;
        sum[i] = root * sum[i]! + scale * (1 - root) * gradient;
        travelled += Math.abs(sum[i]!);
      });
      if (travelled === 0) return;
      numbers.numerator = root * numbers.numerator + (1 - root) * scale * progress;
      numbers.d = grown(numbers.d, numbers.numerator / ((1 - root) * travelled), args.growth_rate);
      numbers.count++;
      moveParameters(slots, decouple ? decay * scale : 0, eps);
    },
  };
  return rule;
}

/** The variant of the paper's preprint, which the bare name "DAdaptation" stands for. */
export function dAdaptAdamPreprint(given: PythonArguments): UpdateRule {
  const args = readArguments(given, {
    ...adamArguments,
  });
  const { eps, weight_decay: decay, decouple } = args;
  const [beta1, beta2] = args.betas;
  const rule: UpdateRule<"mean" | "square" | "sum", "d" | "gradientSquares"> = {
    numbers: { d: args.d0, gradientSquares: 0 },
    usesFrozenRows: true,
    init: zeros("mean", "square", "sum"),
    step(slots, numbers, learningRate) {
      if (learningRate === 0) return;
      const scale = numbers.d * learningRate;
      let gradientSquares = 0;
      let sumSquares = 0;
      let travelled = 0;
      forEachElement(slots, ({ parameters, gradients, state: { mean, square, sum } }, i) => {
        const gradient = gradients[i]! + (decouple ? 0 : decay * parameters[i]!);
        mean[i] = beta1 * mean[i]! + scale * (1 - beta1) * gradient;
        square[i] = beta2 * square[i]! + (1 - beta2) * gradient ** 2;
        sum[i] = beta2 * sum[i]! + scale * (1 - beta2) * gradient;
        const denominator = Math.sqrt(square[i]!) + eps;
        gradientSquares += gradient ** 2 / denominator;
        sumSquares += sum[i]! ** 2 / denominator;
        travelled += Math.abs(sum[i]!);
      });
      if (travelled === 0) return;
      numbers.gradientSquares = beta2 * numbers.gradientSquares + (1 - beta2) * scale ** 2 * gradientSquares;
      const estimate = (sumSquares / (1 - beta2) - numbers.gradientSquares) / travelled;
      numbers.d = grown(numbers.d, estimate, args.growth_rate);
      moveParameters(slots, decouple ? decay * scale : 0, eps);
    },
  };
  return rule;
}

/** shrink: share of each parameter that decoupled weight decay takes. */
function moveParameters(slots: readonly Slot<"mean" | "square">[], shrink: number, eps: number): void {
  forEachElement(slots, ({ parameters, state: { mean, square } }, i) => {
    parameters[i] = parameters[i]! * (1 - shrink) - mean[i]! / (Math.sqrt(square[i]!) + eps);
  });
}
