import { type OptimizerArguments, readArguments } from "./arguments.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";

/** AdamW. Source: Loshchilov 2017, "Decoupled Weight Decay Regularization"; defaults of PyTorch. */
export function adamW(given: OptimizerArguments): UpdateRule {
  return adamRule(readArguments(given, { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, amsgrad: false }), true);
}

/** Adam: weight decay is added to the gradient. Source: Kingma 2014, "Adam". */
export function adam(given: OptimizerArguments): UpdateRule {
  const { decoupled_weight_decay: decoupled, ...args } = readArguments(given, {
    betas: [0.9, 0.999],
    eps: 1e-8,
    weight_decay: 0,
    amsgrad: false,
    decoupled_weight_decay: false,
  });
  return adamRule(args, decoupled);
}

interface AdamArguments {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly amsgrad: boolean;
}

export function adamRule(
  { betas: [beta1, beta2], eps, weight_decay: decay, amsgrad }: AdamArguments,
  decoupled: boolean,
): UpdateRule<"mean" | "square" | "largestSquare", "count"> {
  return {
    numbers: { count: 0 },
    init: ({ length }) => ({
      mean: new Float32Array(length),
      square: new Float32Array(length),
      largestSquare: new Float32Array(amsgrad ? length : 0),
    }),
    step(slots, numbers, learningRate) {
      numbers.count++;
      const stepSize = learningRate / (1 - beta1 ** numbers.count);
      const correction = Math.sqrt(1 - beta2 ** numbers.count);
      for (const { parameters, gradients, state } of slots) {
        const { mean, square, largestSquare } = state;
        for (let i = 0; i < parameters.length; i++) {
          const value = parameters[i]! * (decoupled ? 1 - learningRate * decay : 1);
          const gradient = gradients[i]! + (decoupled ? 0 : decay * value);
          mean[i] = beta1 * mean[i]! + (1 - beta1) * gradient;
          square[i] = beta2 * square[i]! + (1 - beta2) * gradient ** 2;
          if (amsgrad) largestSquare[i] = Math.max(largestSquare[i]!, square[i]!);
          const denominator = Math.sqrt((amsgrad ? largestSquare : square)[i]!) / correction + eps;
          parameters[i] = value - (stepSize * mean[i]!) / denominator;
        }
      }
    },
  };
}

/** Adam with the infinity norm, as in PyTorch. Source: Kingma 2014, "Adam", section 7. */
export function adamax(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 });
  const [beta1, beta2] = args.betas;
  const rule: UpdateRule<"mean" | "largest", "count"> = {
    numbers: { count: 0 },
    init: zeros("mean", "largest"),
    step(slots, numbers, learningRate) {
      const rate = learningRate / (1 - beta1 ** ++numbers.count);
      for (const { parameters, gradients, state } of slots) {
        const { mean, largest } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + args.weight_decay * parameters[i]!;
          mean[i] = beta1 * mean[i]! + (1 - beta1) * gradient;
          largest[i] = Math.max(beta2 * largest[i]!, Math.abs(gradient) + args.eps);
          parameters[i]! -= (rate * mean[i]!) / largest[i]!;
        }
      }
    },
  };
  return rule;
}

/** Adam with Nesterov's momentum, as in PyTorch. Source: Dozat 2016, "Incorporating Nesterov Momentum into Adam". */
export function nadam(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, {
    betas: [0.9, 0.999],
    eps: 1e-8,
    weight_decay: 0,
    momentum_decay: 4e-3,
    decoupled_weight_decay: false,
  });
  const { eps, weight_decay: decay, decoupled_weight_decay: decoupled } = args;
  const [beta1, beta2] = args.betas;
  const momentumAt = (count: number) => beta1 * (1 - 0.5 * 0.96 ** (count * args.momentum_decay));
  const rule: UpdateRule<"mean" | "square", "count" | "product"> = {
    numbers: { count: 0, product: 1 },
    init: zeros("mean", "square"),
    step(slots, numbers, learningRate) {
      const count = ++numbers.count;
      const [now, next] = [momentumAt(count), momentumAt(count + 1)];
      numbers.product *= now;
      const gradientRate = (learningRate * (1 - now)) / (1 - numbers.product);
      const meanRate = (learningRate * next) / (1 - numbers.product * next);
      const correction = 1 - beta2 ** count;
      for (const { parameters, gradients, state } of slots) {
        const { mean, square } = state;
        for (let i = 0; i < parameters.length; i++) {
          const value = parameters[i]! * (decoupled ? 1 - learningRate * decay : 1);
          const gradient = gradients[i]! + (decoupled ? 0 : decay * value);
          mean[i] = beta1 * mean[i]! + (1 - beta1) * gradient;
          square[i] = beta2 * square[i]! + (1 - beta2) * gradient ** 2;
          const denominator = Math.sqrt(square[i]! / correction) + eps;
          parameters[i] = value - (gradientRate * gradient + meanRate * mean[i]!) / denominator;
        }
      }
    },
  };
  return rule;
}

/** SMA length above which RAdam's steps are adaptive: the variance of their denominator is bounded. */
const smallestLength = 5;

/** Rectified Adam, as in PyTorch. Source: Liu 2019, "On the Variance of the Adaptive Learning Rate and Beyond". */
export function radam(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, {
    betas: [0.9, 0.999],
    eps: 1e-8,
    weight_decay: 0,
    decoupled_weight_decay: false,
  });
  const { eps, weight_decay: decay, decoupled_weight_decay: decoupled } = args;
  const [beta1, beta2] = args.betas;
  const full = 2 / (1 - beta2) - 1;
  const rule: UpdateRule<"mean" | "square", "count"> = {
    numbers: { count: 0 },
    init: zeros("mean", "square"),
    step(slots, numbers, learningRate) {
      const count = ++numbers.count;
      const correction = 1 - beta2 ** count;
      const rate = learningRate / (1 - beta1 ** count);
      const length = full - (2 * count * beta2 ** count) / correction;
      const rectification = Math.sqrt(((length - 4) * (length - 2) * full) / ((full - 4) * (full - 2) * length));
      for (const { parameters, gradients, state } of slots) {
        const { mean, square } = state;
        for (let i = 0; i < parameters.length; i++) {
          const value = parameters[i]! * (decoupled ? 1 - learningRate * decay : 1);
          const gradient = gradients[i]! + (decoupled ? 0 : decay * value);
          mean[i] = beta1 * mean[i]! + (1 - beta1) * gradient;
          square[i] = beta2 * square[i]! + (1 - beta2) * gradient ** 2;
          const adaptive =
            length > smallestLength ? (rectification * Math.sqrt(correction)) / (Math.sqrt(square[i]!) + eps) : 1;
          parameters[i] = value - rate * adaptive * mean[i]!;
        }
      }
    },
  };
  return rule;
}
