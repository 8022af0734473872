import { readArguments } from "./arguments.ts";
import { distanceArguments, forEachElement, grown } from "./d-adaptation.ts";
import type { UpdateRule } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

const initialSquare = 1e-6;

/** AdaGrad with D-Adaptation. */
export function dAdaptAdaGrad(given: PythonArguments): UpdateRule {
  const { d0, growth_rate, momentum, weight_decay, eps } = readArguments(given, {
    ...distanceArguments,
    momentum: 0,
    weight_decay: 0,
    eps: 1e-6,
  });
  const rule: UpdateRule<"start" | "square" | "sum", "d" | "gradientSquares"> = {
    numbers: { d: d0, gradientSquares: 0 },
    usesFrozenRows: true,
    init: (parameters) => ({
      start: parameters.slice(),
      square: new Float32Array(parameters.length).fill(initialSquare),
      sum: new Float32Array(parameters.length),
    }),
    step(slots, numbers, learningRate) {
      const scale = numbers.d * learningRate;
      let gradientSquares = 0;
      let sumSquares = 0;
      let travelled = 0;
      forEachElement(slots, ({ parameters, gradients, state: { square, sum } }, i) => {
        const gradient = gradients[i]! + weight_decay * parameters[i]!;
        square[i]! += gradient ** 2;
        sum[i]! += scale * gradient;
        const denominator = Math.sqrt(square[i]!) + eps;
        gradientSquares += gradient ** 2 / denominator;
        sumSquares += sum[i]! ** 2 / denominator;
        travelled += Math.abs(sum[i]!);
      });
      if (travelled === 0) return;
      numbers.gradientSquares += scale ** 2 * gradientSquares;
      if (learningRate > 0) {
        const estimate = (sumSquares - numbers.gradientSquares) / travelled;
        numbers.d = grown(numbers.d, estimate, growth_rate);
      }
      forEachElement(slots, ({ parameters, state: { start, square, sum } }, i) => {
        const target = start[i]! - sum[i]! / (Math.sqrt(square[i]!) + eps);
        parameters[i] = momentum * parameters[i]! + (1 - momentum) * target;
      });
    },
  };
  return rule;
}
