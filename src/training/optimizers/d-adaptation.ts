import { type OptimizerArguments, readArguments } from "./arguments.ts";
import { type Slot, type UpdateRule, zeros } from "./optimizer.ts";

/** The D-Adaptation family estimates its step size d, a lower bound of the distance to the solution; learning rates are relative to d, about 1.
 *  Source: Defazio 2023, "Learning-Rate-Free Learning by D-Adaptation"; library dadaptation.
 *  differs from sd-scripts: with weight decay that is added to gradients, D-Adaptation counts the decay of the whole token table in its estimate of d.
 *  coinage: with weight decay that is added to gradients, D-Adaptation counts the decay of the learned embeddings alone.
 *  because: the other embeddings never change. */
const distanceArguments = { d0: 1e-6, growth_rate: Number.POSITIVE_INFINITY } as const;

/** The larger of d and its new estimate, with growth limited by growthRate. */
function grown(d: number, estimate: number, growthRate: number): number {
  return Math.max(d, Math.min(estimate, d * growthRate));
}

/** Calls back for each element of all slots, learned and frozen. */
function forEachElement<Arrays extends string>(
  slots: readonly Slot<Arrays>[],
  visit: (slot: Slot<Arrays>, i: number) => void,
): void {
  for (const slot of slots) for (let i = 0; i < slot.parameters.length; i++) visit(slot, i);
}

/** Gradient descent with D-Adaptation, relative to the norm of the first gradient. */
export function dAdaptSgd(given: OptimizerArguments): UpdateRule {
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
      // differs from sd-scripts: DAdaptSGD divides by zero when its first gradient is zero.
      // coinage: DAdaptSGD waits for the first gradient that is not zero.
      // because: a first batch without the placeholder token has no gradient.
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

const initialSquare = 1e-6;

/** AdaGrad with D-Adaptation. */
export function dAdaptAdaGrad(given: OptimizerArguments): UpdateRule {
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

const adamArguments = {
  ...distanceArguments,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weight_decay: 0,
  decouple: false,
} as const;

/** Adam with D-Adaptation. */
export function dAdaptAdam(given: OptimizerArguments): UpdateRule {
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

/** The variant in the paper's preprint: sd-scripts' "DAdaptation". */
export function dAdaptAdamPreprint(given: OptimizerArguments): UpdateRule {
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

/** Adan with D-Adaptation. Source of Adan: Xie 2022, "Adan: Adaptive Nesterov Momentum Algorithm". */
export function dAdaptAdan(given: OptimizerArguments): UpdateRule {
  return adanRule(given, "squares");
}

/** The variant that measures progress by inner products, as D-Adaptation's Adam does. */
export function dAdaptAdanIp(given: OptimizerArguments): UpdateRule {
  return adanRule(given, "inner products");
}

type Arrays = "mean" | "difference" | "square" | "sum" | "before";

function adanRule(
  given: OptimizerArguments,
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

/** Lion with D-Adaptation; its estimate has no growth limit. */
export function dAdaptLion(given: OptimizerArguments): UpdateRule {
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
