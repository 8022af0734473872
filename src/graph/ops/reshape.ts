import { CoinageError } from "../../errors/index.ts";
import {
  type Dim,
  derivedDim,
  describeShape,
  dimKey,
  multiplyDims,
  nominalDim,
  type Shape,
  sameDim,
  sameShape,
} from "../dims.ts";
import { differentiable, integers, node, nodes, type Tensor } from "../tensor.ts";

/** x in another shape with as many elements. Symbolic sizes must keep their axes, except for one at most.
 *  @throws SHAPE otherwise: use reshapeLike then. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const y = node("Reshape", [x, integers(...shapeCode(x.shape, shape))], shape);
  return differentiable(y, [x], (upstream) => [unshape(upstream, x)]);
}

/** x in the shape of another tensor with as many elements. */
export function reshapeLike(x: Tensor, model: Tensor): Tensor {
  if (sameShape(x.shape, model.shape)) return x;
  const y = canCode(x.shape, model.shape)
    ? node("Reshape", [x, integers(...shapeCode(x.shape, model.shape))], model.shape)
    : node("Reshape", [x, shapeOf(model)], model.shape);
  return differentiable(y, [x], (upstream) => [unshape(upstream, x)]);
}

const unshape = reshapeLike;

/** The target shape of ONNX's Reshape: 0 copies the size of the same axis, -1 is inferred. */
function shapeCode(from: Shape, to: Shape): number[] {
  let remaining = 0;
  const code = to.map((size, axis) => {
    if (typeof size === "number") return size;
    if (axis < from.length && sameDim(size, from[axis]!)) return 0;
    remaining++;
    return -1;
  });
  if (remaining > 1 || !sameDim(multiplyDims(...from), multiplyDims(...to)))
    throw new CoinageError("SHAPE", `${describeShape(from)} cannot be reshaped to ${describeShape(to)}.`);
  return code;
}

function canCode(from: Shape, to: Shape): boolean {
  return to.filter((size, axis) => typeof size !== "number" && !sameDim(size, from[axis] ?? 0)).length <= 1;
}

const shapes = new WeakMap<Tensor, Tensor>();

/** The shape of a tensor as a tensor of integers. It is read from the earliest tensor known to have that shape,
 *  so that a shape in the backward pass keeps no tensor of the forward pass alive. */
export function shapeOf(x: Tensor): Tensor {
  const known = shapes.get(x);
  if (known) return known;
  const shape = staticShape(x) ?? inheritedShape(x) ?? node("Shape", [x], [x.shape.length], { dtype: "int64" });
  shapes.set(x, shape);
  return shape;
}

function staticShape({ shape }: Tensor): Tensor | undefined {
  return shape.every((size) => typeof size === "number") ? integers(...shape.map(Number)) : undefined;
}

function inheritedShape({ source, shape }: Tensor): Tensor | undefined {
  if (source.kind !== "node") return undefined;
  const model = source.node.inputs.find((tensor) => tensor && sameShape(tensor.shape, shape));
  if (model) return shapeOf(model);
  const target = source.node.opType === "Reshape" ? source.node.inputs[1] : undefined;
  return target?.source.kind === "node" && target.source.node.opType === "Shape" ? target : undefined;
}

/** Height and width [..., H, W] of a tensor as integers. */
export function spatialSizeOf(x: Tensor): Tensor {
  return node("Shape", [x], [2], { dtype: "int64", attributes: { start: -2 } });
}

/** Axes in another order. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  const y = node(
    "Transpose",
    [x],
    order.map((axis) => x.shape[axis]!),
    { attributes: { perm: order } },
  );
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return differentiable(y, [x], (upstream) => [transpose(upstream, inverse)]);
}

/** Concatenates along an axis of fixed size. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 1) return tensors[0]!;
  const sizes = tensors.map((tensor) => tensor.shape[axis]!);
  const shape = tensors[0]!.shape.map((size, i) => (i === axis ? sumDims(sizes) : size));
  const y = node("Concat", tensors, shape, { attributes: { axis } });
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce<number>((sum, size) => sum + Number(size), 0));
  return differentiable(y, tensors, (upstream, isNeeded) =>
    tensors.map((tensor, i) =>
      isNeeded(i) ? slice(upstream, axis, starts[i]!, starts[i]! + Number(tensor.shape[axis])) : undefined,
    ),
  );
}

function sumDims(sizes: readonly Dim[]): number {
  return sizes.reduce<number>((sum, size) => {
    if (typeof size !== "number") throw new CoinageError("SHAPE", "Only axes of fixed size can be concatenated.");
    return sum + size;
  }, 0);
}

/** Elements start .. end - 1 along an axis of fixed size. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const size = x.shape[axis];
  if (typeof size !== "number" || start < 0 || end > size || start >= end)
    throw new CoinageError("SHAPE", `${start}..${end} cannot be cut from axis ${axis} of ${describeShape(x.shape)}.`);
  if (start === 0 && end === size) return x;
  const shape = x.shape.map((dim, i) => (i === axis ? end - start : dim));
  const y = node("Slice", [x, integers(start), integers(end), integers(axis)], shape);
  return differentiable(y, [x], (upstream) => [pad(upstream, axis, start, size - end)]);
}

/** Pads an axis with zeros (or another value) before and after, without a gradient. */
export function pad(x: Tensor, axis: number, before: number, after: number, value?: Tensor): Tensor {
  const pads = new Array<number>(x.shape.length * 2).fill(0);
  pads[axis] = before;
  pads[x.shape.length + axis] = after;
  const size = x.shape[axis];
  if (typeof size !== "number") throw new CoinageError("SHAPE", "Only axes of fixed size can be padded.");
  const shape = x.shape.map((dim, i) => (i === axis ? size + before + after : dim));
  return node("Pad", [x, integers(...pads), value], shape, { attributes: { mode: "constant" } });
}

/** Splits x into `count` equal parts along an axis, without a gradient; the last may be smaller but not empty. */
export function splitEvenly(x: Tensor, axis: number, count: number): Tensor[] {
  if (count === 1) return [x];
  const size = x.shape[axis]!;
  const most = (total: number) => Math.ceil(total / count);
  const part = derivedDim(`ceil(${dimKey(size)}/${count})`, size, most);
  const rest = derivedDim(`rest of ${part.key}`, size, (total) => total - (count - 1) * most(total));
  const shapeOfPart = (i: number) => x.shape.map((dim, at) => (at !== axis ? dim : i < count - 1 ? part : rest));
  const shapes = Array.from({ length: count }, (_, i) => shapeOfPart(i));
  return nodes("Split", [x], shapes, { attributes: { axis, num_outputs: count } });
}

/** Most parts of a Split on GPUs. */
const mostParts = 8;

/** Splits x along an axis into nearly equal blocks, of about `rows` rows at x's typical size; without a gradient. Larger tensors give larger blocks. */
export function splitRows(x: Tensor, axis: number, rows: number): Tensor[] {
  const blocks = Math.min(Math.ceil(nominalDim(x.shape[axis]!) / rows), mostParts ** 2);
  const groups = Math.ceil(blocks / mostParts);
  return splitEvenly(x, axis, groups).flatMap((group) => splitEvenly(group, axis, Math.ceil(blocks / groups)));
}

/** Concatenates along an axis of any size, without a gradient. size: the parts' total. */
export function join(parts: readonly Tensor[], axis: number, size: Dim): Tensor {
  if (parts.length === 1) return parts[0]!;
  const shape = parts[0]!.shape.map((dim, at) => (at === axis ? size : dim));
  return node("Concat", parts, shape, { attributes: { axis } });
}
