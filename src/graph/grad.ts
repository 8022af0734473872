import { CoinageError } from "../errors/index.ts";
import { describeShape, sameShape } from "./dims.ts";
import { add } from "./ops/elementwise.ts";
import { scalar, type Tensor } from "./tensor.ts";

/** Gradients of a scalar loss with respect to the given tensors (inputs or intermediate results), as new tensors of the same graph.
 *  Only paths to those tensors are followed; the gradient is undefined for a tensor that the loss does not depend on.
 *  @throws NOT_DIFFERENTIABLE if a path leads through an operation without a gradient rule */
export function grad(loss: Tensor, wanted: readonly Tensor[]): (Tensor | undefined)[] {
  return backward(inOrder(loss), scalar(1), wanted);
}

/** The vector-Jacobian product: like grad, for an output of any shape and the gradient at it.
 *  None of the wanted tensors may be computed from another: the backward pass ends at them. */
export function vjp(output: Tensor, gradient: Tensor, wanted: readonly Tensor[]): (Tensor | undefined)[] {
  return backward(inOrder(output, wanted), gradient, wanted);
}

/** Reverse-mode differentiation. order: every tensor that may lie on a path, in topological order, the output last. */
function backward(order: Tensor[], gradient: Tensor, wanted: readonly Tensor[]): (Tensor | undefined)[] {
  const output = order.at(-1)!;
  const dependent = new Set<Tensor>(wanted);
  const isOnPath = (tensor: Tensor) => sources(tensor).some((source) => dependent.has(source));
  for (const tensor of order) if (isOnPath(tensor)) dependent.add(tensor);

  const gradients = new Map<Tensor, Tensor>([[output, gradient]]);
  for (const tensor of order.reverse()) {
    const upstream = gradients.get(tensor);
    if (!upstream || !isOnPath(tensor)) continue;
    for (const [source, part] of gradientsOfInputs(tensor, upstream, dependent)) {
      const sum = gradients.get(source);
      gradients.set(source, sum ? add(sum, part) : part);
    }
  }
  return wanted.map((tensor) => gradients.get(tensor));
}

/** The needed gradients at the tensors from which a tensor is computed. upstream: the gradient at the tensor. */
function gradientsOfInputs(
  tensor: Tensor,
  upstream: Tensor,
  dependent: ReadonlySet<Tensor>,
): (readonly [Tensor, Tensor])[] {
  const { rule } = tensor;
  if (!rule) throw new CoinageError("NOT_DIFFERENTIABLE", `There is no gradient through ${describe(tensor)}.`);
  const parts = rule.gradients(upstream, (index) => dependent.has(rule.inputs[index]!));
  return rule.inputs.flatMap((source, index) => {
    const part = parts[index];
    if (!part || !dependent.has(source)) return [];
    if (!sameShape(part.shape, source.shape))
      throw new CoinageError(
        "SHAPE",
        `The gradient ${describeShape(part.shape)} of ${describe(tensor)} does not fit its input ${describeShape(source.shape)}.`,
      );
    return [[source, part] as const];
  });
}

function sources(tensor: Tensor): readonly Tensor[] {
  if (tensor.rule) return tensor.rule.inputs;
  if (tensor.source.kind !== "node") return [];
  return tensor.source.node.inputs.filter((source) => source !== undefined);
}

/** All tensors from which a tensor is computed, back to `ends`, in topological order. No recursion: networks are deeper than the call stack. */
function inOrder(output: Tensor, ends: readonly Tensor[] = []): Tensor[] {
  const order: Tensor[] = [...ends];
  const seen = new Set(ends);
  const pending: { readonly tensor: Tensor; readonly isReady: boolean }[] = [{ tensor: output, isReady: false }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (next.isReady) order.push(next.tensor);
    else if (!seen.has(next.tensor)) {
      seen.add(next.tensor);
      pending.push({ tensor: next.tensor, isReady: true });
      for (const tensor of sources(next.tensor)) if (!seen.has(tensor)) pending.push({ tensor, isReady: false });
    }
  }
  return order;
}

function describe({ source, shape }: Tensor): string {
  const name = source.kind === "node" ? source.node.opType : source.kind;
  return `${name} ${describeShape(shape)}`;
}
