import type { DType } from "../array/index.ts";
import { dataTypes, type OnnxGraph, type OnnxNode } from "../formats/onnx/index.ts";
import type { Target } from "./lower.ts";
import type { Tensor } from "./tensor.ts";

const halves: readonly DType[] = ["float16", "bfloat16"];
/** Converting at each use is worthwhile for weights of at least this many elements. */
const largeWeight = 1 << 16;

/** Whether a tensor is a 16-bit weight that stays as stored and is converted by each node that reads it. */
export function isConvertedAtUse({ source, shape }: Tensor, target: Target): boolean {
  if (source.kind !== "weight" || source.isRaw || !halves.includes(source.stored.dtype)) return false;
  const count = shape.reduce<number>((product, size) => product * Number(size), 1);
  return target.halfWeights === "stored" && count >= largeWeight;
}

/** A node that converts stored weights for itself, and only once an activation is known. ONNX Runtime (1.30) moves and merges all other nodes, but not If, and no result
 *  inside a branch outlives it. zero: name of the constant [0]. */
export function convertingNodes(
  node: OnnxNode,
  stored: readonly string[],
  activation: string,
  zero: string,
): OnnxNode[] {
  const own = (kind: string) => `${node.name}:${kind}`;
  const [size, condition] = [own("size"), own("isThere")];
  const plain = { domain: "", attributes: {} };
  return [
    {
      ...{ name: size, opType: "Shape", domain: "", inputs: [activation], outputs: [size] },
      attributes: { start: { int: 0 }, end: { int: 1 } },
    },
    { ...plain, name: condition, opType: "Greater", inputs: [size, zero], outputs: [condition] },
    {
      ...{ name: own("if"), opType: "If", domain: "", inputs: [condition], outputs: node.outputs },
      // both branches are the same: the runtime does not know which one will run
      attributes: {
        then_branch: { graph: branchOf(node, stored, own("then")) },
        else_branch: { graph: branchOf(node, stored, own("else")) },
      },
    },
  ];
}

function branchOf(node: OnnxNode, stored: readonly string[], branch: string): OnnxGraph {
  const converted = (name: string) => `${name}:${branch}`;
  const casts = stored.map(
    (name): OnnxNode => ({
      ...{ name: converted(name), opType: "Cast", domain: "", inputs: [name], outputs: [converted(name)] },
      attributes: { to: { int: dataTypes.float32 } },
    }),
  );
  const inputs = node.inputs.map((name) => (stored.includes(name) ? converted(name) : name));
  const outputs = node.outputs.map(converted);
  return {
    nodes: [...casts, { ...node, name: branch, inputs, outputs }],
    initializers: [],
    inputs: [],
    outputs: outputs.map((name) => ({ name, dtype: "float32" })),
    values: [],
  };
}
