import { nominalDim } from "./dims.ts";
import { type GraphNode, node, rawWeight, type Tensor } from "./tensor.ts";

const products = ["Conv", "ConvTranspose", "Gemm", "MatMul", "FusedMatMul", "MultiHeadAttention"];

/** Numbers summed up in one result below which a product gains nothing: that of learned rows with their selection stays exact. */
const fewSummands = 16;

/** A product of operands in float16, its result as float32 again; undefined for other operators: norms, softmax, sums, activations and the loss stay in float32,
 *  as in PyTorch's autocast. */
export function inFloat16(tensor: Tensor, graphNode: GraphNode): Tensor | undefined {
  if (!products.includes(graphNode.opType) || tensor.dtype !== "float32" || isSmall(graphNode)) return undefined;
  const half: GraphNode = {
    ...graphNode,
    inputs: graphNode.inputs.map((operand) => operand && toFloat16(operand)),
    outputs: graphNode.outputs.map((output) => ({ ...output, dtype: "float16" })),
  };
  const product: Tensor = {
    dtype: "float16",
    shape: tensor.shape,
    source: { kind: "node", node: half, index: 0 },
    rule: undefined,
  };
  return node("Cast", [product], tensor.shape, { dtype: "float32", attributes: { to: 1 } });
}

function isSmall({ opType, inputs }: GraphNode): boolean {
  return opType === "MatMul" && nominalDim(inputs[0]!.shape.at(-1)!) < fewSummands;
}

function toFloat16(x: Tensor): Tensor {
  const { source } = x;
  if (source.kind === "weight" && source.stored.dtype === "float16")
    return rawWeight(`${source.name}:stored`, source.stored);
  return node("Cast", [x], x.shape, { dtype: "float16", attributes: { to: 10 } });
}
