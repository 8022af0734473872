import { readArguments } from "./arguments.ts";
import { distanceArguments, forEachElement, grown } from "./d-adaptation.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Adan with D-Adaptation. Source of Adan: Xie 2022, "Adan: Adaptive Nesterov Momentum Algorithm". */
export function dAdaptAdan(given: PythonArguments): UpdateRule {
  return adanRule(given, "squares");
}

/** The variant that measures progress by inner products, as D-Adaptation's Adam does. */
export function dAdaptAdanIp(given: PythonArguments): UpdateRule {
  return adanRule(given, "inner products");
}

type Arrays = "mean" | "difference" | "square" | "sum" | "before";

function adanRule(
  given: PythonArguments,
  estimator: "squares" | "inner products",
): UpdateRule<Arrays, "d" | "accumulated" | "count"> {
  const args = readArguments(given, {
    ...distanceArguments,
    betas: [0.98, 0.92, 0.99],
    eps: 1e-8,
    weight_decay: 0.02,
    no_prox: false,
  });
  const { eps, weight_decay: decay } = args;
  const [beta1, beta2, beta3] = args.betas;
  return {
    numbers: { d: args.d0, accumulated: 0, count: 0 },
    usesFrozenRows: true,
    init: zeros("mean", "difference", "square", "sum", "before"),
    step(slots, numbers, learningRate) {
      const scale = numbers.d * learningRate;
      const isFirst = numbers.count === 0;
      let progress = 0;
      let gradientSquares = 0;
      let sumSquares = 0;
      let travelled = 0;
      forEachElement(slots, ({ gradients, state: { mean, difference, square, sum, before } }, i) => {
        const gradient = gradients[i]!;
        const change = isFirst ? 0 : gradient - before[i]!;
        progress += (gradient * sum[i]!) / (Math.sqrt(square[i]!) + eps);
        mean[i] = beta1 * mean[i]! + scale * (1 - beta1) * gradient;
        difference[i] = beta2 * difference[i]! + scale * (1 - beta2) * change;
        square[i] = beta3 * square[i]! + (1 - beta3) * (gradient + beta2 * change) ** 2;
        sum[i] = beta3 * sum[i]! + scale * (1 - beta3) * gradient;
        const denominator = Math.sqrt(square[i]!) + eps;
        gradientSquares += gradient ** 2 / denominator;
        sumSquares += sum[i]! ** 2 / denominator;
        travelled += Math.abs(sum[i]!);
      });
      if (travelled === 0) return;
      const added = estimator === "squares" ? scale ** 2 * gradientSquares : scale * progress;
      numbers.accumulated = beta3 * numbers.accumulated + (1 - beta3) * added;
      const distance =
        estimator === "squares"
          ? sumSquares / (1 - beta3) - numbers.accumulated
          : ((2 * beta3) / (1 - beta3)) * numbers.accumulated;
      if (learningRate > 0) numbers.d = grown(numbers.d, distance / travelled, args.growth_rate);
      numbers.count++;
      forEachElement(slots, ({ parameters, gradients, state: { mean, difference, square, before } }, i) => {
        const update = (mean[i]! + beta2 * difference[i]!) / (Math.sqrt(square[i]!) + eps);
        const value = parameters[i]!;
        parameters[i] = args.no_prox ? value * (1 - scale * decay) - update : (value - update) / (1 + scale * decay);
        before[i] = gradients[i]!;
      });
    },
  };
}
