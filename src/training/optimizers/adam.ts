import { readArguments } from "./arguments.ts";
import type { UpdateRule } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** AdamW. Source: Loshchilov 2017, "Decoupled Weight Decay Regularization"; defaults of PyTorch. */
export function adamW(given: PythonArguments): UpdateRule {
  return adamRule(readArguments(given, { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, amsgrad: false }), true);
}

/** Adam: weight decay is added to the gradient. Source: Kingma 2014, "Adam". */
export function adam(given: PythonArguments): UpdateRule {
  const { decoupled_weight_decay: decoupled, ...args } = readArguments(given, {
    betas: [0.9, 0.999],
    eps: 1e-8,
    weight_decay: 0,
    amsgrad: false,
    decoupled_weight_decay: false,
  });
  return adamRule(args, decoupled);
}

export interface AdamArguments {
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
