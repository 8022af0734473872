import { type OptimizerArguments, readArguments } from "./arguments.ts";
import type { Slot, UpdateRule } from "./optimizer.ts";

// Schedule-free optimizers train at a point y between the newest iterate z and their average x, which is the result.
// They are meant for a constant learning rate. Source: Defazio 2024, "The Road Less Scheduled"; library schedulefree.

const commonArguments = { weight_decay: 0, r: 0, weight_lr_power: 2 } as const;

export function adamWScheduleFree(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, { ...commonArguments, betas: [0.9, 0.999], eps: 1e-8, warmup_steps: 0 });
  const [beta1, beta2] = args.betas;
  return scheduleFree(args, beta1, {
    usesSquare: true,
    rate: (count) => warmUp(count, args.warmup_steps),
    direction: (slot, count) => adamDirection(slot, beta2, args.eps, 1 - beta2 ** count),
  });
}

/** Schedule-free RAdam: rectified by the variance of Adam's denominator; until that is bounded, steps do nothing (or are plain gradient steps). */
export function radamScheduleFree(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, { ...commonArguments, betas: [0.9, 0.999], eps: 1e-8, silent_sgd_phase: true });
  const [beta1, beta2] = args.betas;
  // length of the approximated simple moving average. Source: Liu 2019, "On the Variance of the Adaptive Learning Rate and Beyond", algorithm 2
  const rhoMax = 2 / (1 - beta2) - 1;
  const rhoAt = (count: number) => rhoMax - (2 * count * beta2 ** count) / (1 - beta2 ** count);
  return scheduleFree(args, beta1, {
    usesSquare: true,
    rate(count) {
      const rho = rhoAt(count);
      if (rho <= 4) return args.silent_sgd_phase ? 0 : 1;
      return Math.sqrt(((rho - 4) * (rho - 2) * rhoMax) / ((rhoMax - 4) * (rhoMax - 2) * rho));
    },
    direction(slot, count) {
      const normalized = adamDirection(slot, beta2, args.eps, 1 - beta2 ** count);
      return rhoAt(count) > 4 ? normalized : slot.gradients;
    },
  });
}

export function sgdScheduleFree(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, { ...commonArguments, momentum: 0.9, warmup_steps: 0 });
  return scheduleFree(args, args.momentum, {
    usesSquare: false,
    rate: (count) => warmUp(count, args.warmup_steps),
    direction: ({ gradients }) => gradients,
  });
}

type Numbers = "count" | "weightSum" | "largestRate";

/** Differences between the three optimizers. */
interface Variant {
  readonly usesSquare: boolean;
  /** Factor of the learning rate in step number `count` from 1. */
  rate(count: number): number;
  /** The normalised gradient. Updates the state it needs. */
  direction(slot: Slot<"square">, count: number): ArrayLike<number>;
}

function scheduleFree(
  { weight_decay: decay, r, weight_lr_power: power }: Readonly<Record<keyof typeof commonArguments, number>>,
  momentum: number,
  variant: Variant,
): UpdateRule<"iterate" | "square", Numbers> {
  return {
    numbers: { count: 0, weightSum: 0, largestRate: 0 },
    init: (parameters) => ({
      iterate: parameters.slice(),
      square: new Float32Array(variant.usesSquare ? parameters.length : 0),
    }),
    step(slots, numbers, learningRate) {
      const count = ++numbers.count;
      const rate = learningRate * variant.rate(count);
      numbers.largestRate = Math.max(numbers.largestRate, rate);
      const weight = count ** r * numbers.largestRate ** power;
      numbers.weightSum += weight;
      const share = numbers.weightSum === 0 ? 0 : weight / numbers.weightSum;
      for (const slot of slots) {
        const { parameters, state } = slot;
        const { iterate } = state;
        const direction = variant.direction(slot, count);
        for (let i = 0; i < parameters.length; i++) {
          const update = direction[i]! + decay * parameters[i]!;
          const nearer = (1 - share) * parameters[i]! + share * iterate[i]!;
          parameters[i] = nearer + rate * (momentum * (1 - share) - 1) * update;
          iterate[i]! -= rate * update;
        }
      }
    },
    averaged: (parameters, { iterate }) =>
      parameters.map((value, i) => value + (1 - 1 / momentum) * (iterate[i]! - value)),
  };
}

function adamDirection(
  { gradients, state: { square } }: Slot<"square">,
  beta2: number,
  eps: number,
  correction: number,
): Float64Array {
  return Float64Array.from(gradients, (gradient, i) => {
    square[i] = beta2 * square[i]! + (1 - beta2) * gradient ** 2;
    return gradient / (Math.sqrt(square[i]! / correction) + eps);
  });
}

function warmUp(count: number, steps: number): number {
  return count <= steps ? count / steps : 1;
}
