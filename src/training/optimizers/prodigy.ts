import { type OptimizerArguments, readArguments } from "./arguments.ts";
import type { UpdateRule } from "./optimizer.ts";

/** Prodigy: Adam that estimates its step size d from the distance travelled; learning rates are relative to d, about 1.
 *  Source: Mishchenko 2023, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner"; library prodigyopt.
 *  differs from sd-scripts: with weight decay that is not decoupled, Prodigy counts the decay of the whole token table in its estimate of d.
 *  coinage: with weight decay that is not decoupled, Prodigy counts the decay of the learned embeddings alone.
 *  because: the other embeddings never change. */
export function prodigy(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, {
    betas: [0.9, 0.999],
    beta3: Number.NaN,
    eps: 1e-8,
    weight_decay: 0,
    decouple: true,
    use_bias_correction: false,
    safeguard_warmup: false,
    d0: 1e-6,
    d_coef: 1,
    growth_rate: Number.POSITIVE_INFINITY,
  });
  const { d0, eps, growth_rate: growth, weight_decay: decay, decouple } = args;
  const [beta1, beta2] = args.betas;
  const beta3 = Number.isNaN(args.beta3) ? Math.sqrt(beta2) : args.beta3;
  const rule: UpdateRule<"start" | "mean" | "square" | "sum", "d" | "largestD" | "numerator" | "count"> = {
    numbers: { d: d0, largestD: d0, numerator: 0, count: 0 },
    usesFrozenRows: true,
    init: (parameters) => ({
      start: parameters.slice(),
      mean: new Float32Array(parameters.length),
      square: new Float32Array(parameters.length),
      sum: new Float32Array(parameters.length),
    }),
    step(slots, numbers, learningRate) {
      if (learningRate === 0) return;
      const { d, count } = numbers;
      const correction = args.use_bias_correction
        ? Math.sqrt(1 - beta2 ** (count + 1)) / (1 - beta1 ** (count + 1))
        : 1;
      const scale = d * learningRate * correction;
      const sumScale = (d / d0) * (args.safeguard_warmup ? d : scale);
      let progress = 0;
      let travelled = 0;
      for (const { parameters, gradients, state } of slots) {
        const { start, mean, square, sum } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + (decouple ? 0 : decay * parameters[i]!);
          progress += gradient * (start[i]! - parameters[i]!);
          mean[i] = beta1 * mean[i]! + d * (1 - beta1) * gradient;
          square[i] = beta2 * square[i]! + d ** 2 * (1 - beta2) * gradient ** 2;
          sum[i] = beta3 * sum[i]! + sumScale * gradient;
          travelled += Math.abs(sum[i]!);
        }
      }
      if (travelled === 0) return;
      numbers.numerator = beta3 * numbers.numerator + (d / d0) * scale * progress;
      const estimate = (args.d_coef * numbers.numerator) / travelled;
      const grown = d === d0 ? Math.max(d, estimate) : d;
      numbers.largestD = Math.max(numbers.largestD, estimate);
      numbers.d = Math.min(numbers.largestD, grown * growth);
      numbers.count++;
      for (const { parameters, state } of slots) {
        const { mean, square } = state;
        for (let i = 0; i < parameters.length; i++) {
          const value = parameters[i]! * (decouple ? 1 - decay * scale : 1);
          parameters[i] = value - (scale * mean[i]!) / (Math.sqrt(square[i]!) + numbers.d * eps);
        }
      }
    },
  };
  return rule;
}
