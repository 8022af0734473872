import { evaluateDim, type Shape } from "./dims.ts";
import type { GraphNode, Tensor } from "./tensor.ts";

/** Floating point operations of one run (a multiply-add counts as two) for convolutions, matrix products and attention; all others are linear in size and left out.
 *  sizes: values of the named sizes. */
export function countFlops(outputs: readonly Tensor[], sizes: ReadonlyMap<string, number>): number {
  const seen = new Set<GraphNode>();
  const pending = [...outputs];
  let flops = 0;
  for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
    if (tensor.source.kind !== "node" || seen.has(tensor.source.node)) continue;
    const { node } = tensor.source;
    seen.add(node);
    flops += flopsOf(node, sizes);
    for (const source of node.inputs) if (source) pending.push(source);
  }
  return flops;
}

function flopsOf({ opType, inputs, outputs }: GraphNode, sizes: ReadonlyMap<string, number>): number {
  const count = (shape: Shape) => shape.reduce<number>((product, size) => product * evaluateDim(size, sizes), 1);
  const output = count(outputs[0]!.shape);
  const [first, second] = inputs.map((tensor) => tensor?.shape ?? []);
  switch (opType) {
    case "Conv":
      return (2 * output * count(second!)) / evaluateDim(second![0]!, sizes);
    case "ConvDataGradient":
    case "ConvTranspose":
      return (2 * count(first!) * count(second!)) / evaluateDim(second![0]!, sizes);
    case "MatMul":
    case "FusedMatMul":
      return 2 * matrixFlops(count, first!, second!, outputs[0]!.shape);
    case "Gemm":
      return 2 * output * evaluateDim(first!.at(-1)!, sizes);
    case "MultiHeadAttention":
      return 4 * output * evaluateDim(second![1]!, sizes);
    default:
      return 0;
  }
}

/** For matrices of m x k, k x n and m x n, transposed or not: the square root of the product of their sizes is m k n. */
function matrixFlops(count: (shape: Shape) => number, a: Shape, b: Shape, output: Shape): number {
  const [sizeA, sizeB, size] = [a, b, output].map((shape) => count(shape.slice(-2))) as [number, number, number];
  return Math.sqrt(sizeA * sizeB * size) * (count(output) / size);
}
