import { readArguments } from "./arguments.ts";
import type { UpdateRule } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";

/** Stochastic gradient descent as in PyTorch. */
export function sgd(given: PythonArguments): UpdateRule {
  return sgdRule(readArguments(given, { momentum: 0, dampening: 0, weight_decay: 0, nesterov: false }));
}

/** With Nesterov's momentum; sd-scripts sets 0.9 where none is given. */
export function sgdNesterov(given: PythonArguments): UpdateRule {
  return sgdRule({ ...readArguments(given, { momentum: 0.9, dampening: 0, weight_decay: 0 }), nesterov: true });
}

export interface SgdArguments {
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
