import { type OptimizerArguments, readArguments } from "./arguments.ts";
import { type UpdateRule, zeros } from "./optimizer.ts";

/** Stochastic gradient descent as in PyTorch. */
export function sgd(given: OptimizerArguments): UpdateRule {
  return sgdRule(readArguments(given, { momentum: 0, dampening: 0, weight_decay: 0, nesterov: false }));
}

/** SGD with Nesterov momentum; sd-scripts' default is 0.9. */
export function sgdNesterov(given: OptimizerArguments): UpdateRule {
  return sgdRule({ ...readArguments(given, { momentum: 0.9, dampening: 0, weight_decay: 0 }), nesterov: true });
}

interface SgdArguments {
  readonly momentum: number;
  readonly dampening: number;
  readonly weight_decay: number;
  readonly nesterov: boolean;
}

export function sgdRule({
  momentum,
  dampening,
  weight_decay: decay,
  nesterov,
}: SgdArguments): UpdateRule<"buffer", "count"> {
  return {
    numbers: { count: 0 },
    init: ({ length }) => ({ buffer: new Float32Array(momentum ? length : 0) }),
    step(slots, numbers, learningRate) {
      const isFirst = numbers.count++ === 0;
      for (const { parameters, gradients, state } of slots) {
        const { buffer } = state;
        for (let i = 0; i < parameters.length; i++) {
          let update = gradients[i]! + decay * parameters[i]!;
          if (momentum) {
            buffer[i] = isFirst ? update : momentum * buffer[i]! + (1 - dampening) * update;
            update = nesterov ? update + momentum * buffer[i]! : buffer[i]!;
          }
          parameters[i]! -= learningRate * update;
        }
      }
    },
  };
}

/** Averaged SGD, with a falling step size and a pull to 0, as in PyTorch. The average itself is not computed: nothing reads it.
 *  Source: Polyak 1992, "Acceleration of stochastic approximation by averaging". */
export function asgd(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, { lambd: 1e-4, alpha: 0.75, t0: 1e6, weight_decay: 0 });
  const rule: UpdateRule<never, "count" | "eta"> = {
    numbers: { count: 0, eta: 0 },
    init: () => ({}),
    step(slots, numbers, learningRate) {
      const eta = numbers.count === 0 ? learningRate : numbers.eta;
      for (const { parameters, gradients } of slots)
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + args.weight_decay * parameters[i]!;
          parameters[i] = parameters[i]! * (1 - args.lambd * eta) - eta * gradient;
        }
      numbers.count++;
      numbers.eta = learningRate / (1 + args.lambd * learningRate * numbers.count) ** args.alpha;
    },
  };
  return rule;
}

/** AdaGrad, as in PyTorch. Source: Duchi 2011, "Adaptive Subgradient Methods". */
export function adagrad(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, { lr_decay: 0, weight_decay: 0, initial_accumulator_value: 0, eps: 1e-10 });
  const rule: UpdateRule<"sum", "count"> = {
    numbers: { count: 0 },
    init: ({ length }) => ({ sum: new Float32Array(length).fill(args.initial_accumulator_value) }),
    step(slots, numbers, learningRate) {
      const rate = learningRate / (1 + numbers.count++ * args.lr_decay);
      for (const { parameters, gradients, state } of slots) {
        const { sum } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + args.weight_decay * parameters[i]!;
          sum[i]! += gradient ** 2;
          parameters[i]! -= (rate * gradient) / (Math.sqrt(sum[i]!) + args.eps);
        }
      }
    },
  };
  return rule;
}

/** Adadelta, as in PyTorch. Source: Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method". */
export function adadelta(given: OptimizerArguments): UpdateRule {
  const { rho, eps, weight_decay } = readArguments(given, { rho: 0.9, eps: 1e-6, weight_decay: 0 });
  const rule: UpdateRule<"square" | "moved"> = {
    numbers: {},
    init: zeros("square", "moved"),
    step(slots, _, learningRate) {
      for (const { parameters, gradients, state } of slots) {
        const { square, moved } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + weight_decay * parameters[i]!;
          square[i] = rho * square[i]! + (1 - rho) * gradient ** 2;
          const update = (Math.sqrt(moved[i]! + eps) / Math.sqrt(square[i]! + eps)) * gradient;
          moved[i] = rho * moved[i]! + (1 - rho) * update ** 2;
          parameters[i]! -= learningRate * update;
        }
      }
    },
  };
  return rule;
}

/** RMSprop, as in PyTorch. Source: Hinton 2012, "Neural Networks for Machine Learning", lecture 6e. */
export function rmsprop(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, { alpha: 0.99, eps: 1e-8, weight_decay: 0, momentum: 0, centered: false });
  const { alpha, eps, momentum } = args;
  const rule: UpdateRule<"square" | "mean" | "buffer"> = {
    numbers: {},
    init: zeros("square", "mean", "buffer"),
    step(slots, _, learningRate) {
      for (const { parameters, gradients, state } of slots) {
        const { square, mean, buffer } = state;
        for (let i = 0; i < parameters.length; i++) {
          const gradient = gradients[i]! + args.weight_decay * parameters[i]!;
          square[i] = alpha * square[i]! + (1 - alpha) * gradient ** 2;
          if (args.centered) mean[i] = alpha * mean[i]! + (1 - alpha) * gradient;
          const update = gradient / (Math.sqrt(square[i]! - mean[i]! ** 2) + eps);
          buffer[i] = momentum * buffer[i]! + update;
          parameters[i]! -= learningRate * (momentum ? buffer[i]! : update);
        }
      }
    },
  };
  return rule;
}

/** Resilient backpropagation, as in PyTorch: a step size for each element, grown or shrunk by the gradient's sign alone.
 *  Source: Riedmiller 1993, "A Direct Adaptive Method for Faster Backpropagation Learning". */
export function rprop(given: OptimizerArguments): UpdateRule {
  const args = readArguments(given, { etas: [0.5, 1.2], step_sizes: [1e-6, 50] });
  const [shrink, grow] = args.etas;
  const [smallest, largest] = args.step_sizes;
  const rule: UpdateRule<"before" | "size", "count"> = {
    numbers: { count: 0 },
    init: ({ length }) => ({ before: new Float32Array(length), size: new Float32Array(length) }),
    step(slots, numbers, learningRate) {
      const isFirst = numbers.count++ === 0;
      for (const { parameters, gradients, state } of slots) {
        const { before, size } = state;
        if (isFirst) size.fill(learningRate);
        for (let i = 0; i < parameters.length; i++) {
          const agreement = Math.sign(gradients[i]! * before[i]!);
          const factor = agreement > 0 ? grow : agreement < 0 ? shrink : 1;
          size[i] = Math.min(largest, Math.max(smallest, size[i]! * factor));
          const gradient = agreement < 0 ? 0 : gradients[i]!;
          parameters[i]! -= Math.sign(gradient) * size[i]!;
          before[i] = gradient;
        }
      }
    },
  };
  return rule;
}
