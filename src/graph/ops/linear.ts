import { CoinageError } from "../../errors/index.ts";
import { type Dim, describeShape, multiplyDims, type Shape, sameDim } from "../dims.ts";
import { differentiable, node, type Tensor } from "../tensor.ts";
import { broadcast, sumTo } from "./elementwise.ts";
import { reshape, reshapeLike } from "./reshape.ts";

export interface MatmulOptions {
  /** Transpose the last two axes of a. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Scale of the product. */
  readonly factor?: number;
}

/** factor * a b over the last two axes; the other axes broadcast. Both operands are differentiable. */
export function matmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false, factor = 1 }: MatmulOptions = {},
): Tensor {
  const [rows, innerA] = lastTwo(a, transposeA);
  const [innerB, columns] = lastTwo(b, transposeB);
  if (!sameDim(innerA, innerB))
    throw new CoinageError("SHAPE", `${describeShape(a.shape)} and ${describeShape(b.shape)} cannot be multiplied.`);
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
  const isPlain = !transposeA && !transposeB && factor === 1;
  const y = isPlain
    ? node("MatMul", [a, b], shape)
    : node("FusedMatMul", [a, b], shape, {
        domain: "com.microsoft",
        attributes: { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: factor } },
      });
  return differentiable(y, [a, b], (upstream, isNeeded) => [
    isNeeded(0) ? sumTo(gradientOfA(upstream, b, transposeA, transposeB, factor), a.shape) : undefined,
    isNeeded(1) ? sumTo(gradientOfB(upstream, a, transposeA, transposeB, factor), b.shape) : undefined,
  ]);
}

function gradientOfA(upstream: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean, factor: number): Tensor {
  return transposeA
    ? matmul(b, upstream, { transposeA: transposeB, transposeB: true, factor })
    : matmul(upstream, b, { transposeB: !transposeB, factor });
}

function gradientOfB(upstream: Tensor, a: Tensor, transposeA: boolean, transposeB: boolean, factor: number): Tensor {
  return transposeB
    ? matmul(upstream, a, { transposeA: true, transposeB: transposeA, factor })
    : matmul(a, upstream, { transposeA: !transposeA, factor });
}

function lastTwo(tensor: Tensor, isTransposed: boolean): readonly [Dim, Dim] {
  const [rows, columns] = tensor.shape.slice(-2);
  if (rows === undefined || columns === undefined)
    throw new CoinageError("SHAPE", "A matrix product needs tensors of two or more axes.");
  return isTransposed ? [columns, rows] : [rows, columns];
}

/** x W^T + b over the last axis. x: [..., in], weight: [out, in], bias: [out].
 *  Gemm reads the weight as stored, so forward and backward share one copy. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outputs, inputs] = weight.shape as readonly [number, number];
  if (!sameDim(x.shape.at(-1)!, inputs))
    throw new CoinageError("SHAPE", `A linear layer for ${inputs} inputs was given ${describeShape(x.shape)}.`);
  const leading = x.shape.slice(0, -1);
  const flat = reshape(x, [multiplyDims(...leading), inputs]);
  const product = node("Gemm", [flat, weight, bias], [flat.shape[0]!, outputs], { attributes: { transB: 1 } });
  const y = unflatten(product, [...leading, outputs], x);
  return differentiable(y, [x], (upstream) => [matmul(upstream, weight)]);
}

/** Rows [n, out] as [..., out] again; with two symbolic leading sizes, the shape is taken from x, if equally wide. */
function unflatten(flat: Tensor, shape: Shape, x: Tensor): Tensor {
  return sameDim(x.shape.at(-1)!, shape.at(-1)!) ? reshapeLike(flat, x) : reshape(flat, shape);
}
