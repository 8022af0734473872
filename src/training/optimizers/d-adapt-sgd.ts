import { readArguments } from "./arguments.ts";
import { distanceArguments, forEachElement, grown } from "./d-adaptation.ts";
import type { UpdateRule } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Gradient descent with D-Adaptation, relative to the norm of the first gradient. */
export function dAdaptSgd(given: PythonArguments): UpdateRule {
  const { d0, growth_rate, momentum, weight_decay } = readArguments(given, {
    ...distanceArguments,
    momentum: 0,
    weight_decay: 0,
  });
  const rule: UpdateRule<"start" | "sum", "d" | "numerator" | "firstNorm"> = {
    numbers: { d: d0, numerator: 0, firstNorm: 0 },
    usesFrozenRows: true,
    init: (parameters) => ({ start: parameters.slice(), sum: new Float32Array(parameters.length) }),
    step(slots, numbers, learningRate) {
      // differs from sd-scripts: a first step without learning rate or gradient waits for the next, where the reference divides by zero
      if (learningRate === 0) return;
      if (numbers.firstNorm === 0) {
        let squares = 0;
        forEachElement(slots, ({ gradients }, i) => {
          squares += gradients[i]! ** 2;
        });
        if (squares === 0) return;
        numbers.firstNorm = Math.sqrt(squares);
      }
      const scale = (numbers.d * learningRate) / numbers.firstNorm;
      let progress = 0;
      let sumSquares = 0;
      forEachElement(slots, ({ parameters, gradients, state: { sum } }, i) => {
        const gradient = gradients[i]! + weight_decay * parameters[i]!;
        progress += gradient * sum[i]!;
        sum[i]! += scale * gradient;
        sumSquares += sum[i]! ** 2;
      });
      numbers.numerator += scale * progress;
      numbers.d = grown(numbers.d, (2 * numbers.numerator) / Math.sqrt(sumSquares), growth_rate);
      forEachElement(slots, ({ parameters, state: { start, sum } }, i) => {
        parameters[i] = momentum * parameters[i]! + (1 - momentum) * (start[i]! - sum[i]!);
      });
    },
  };
  return rule;
}
