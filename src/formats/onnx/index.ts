import type { DType } from "../../array/index.ts";
import { ProtobufWriter } from "../protobuf/index.ts";

/** An ONNX model as plain records: the subset that graphs here need. */
interface OnnxModel extends OnnxGraph {
  readonly irVersion: number;
  /** Version by operator domain; "" is the standard domain. */
  readonly opsets: Readonly<Record<string, number>>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  /** An initializer that is also an input is a default value, not a constant. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Types and shapes of intermediate values that the runtime cannot infer itself. */
  readonly values: readonly OnnxValue[];
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** An empty name stands for an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  | { readonly graph: OnnxGraph };

export interface OnnxInitializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Raw little-endian bytes, or their place in a file. */
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  /** Numbers, and names of sizes that are known when the model runs; absent if unknown. */
  readonly shape?: readonly (number | string)[];
}

/** TensorProto.DataType */
export const dataTypes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** The bytes of a ModelProto (onnx.proto of ONNX 1.16; field numbers are the format's). */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new ProtobufWriter().integer(1, model.irVersion).text(2, "coinage");
  writer.message(7, (field) => writeGraph(field, model));
  for (const [domain, version] of Object.entries(model.opsets))
    writer.message(8, (opset) => opset.text(1, domain).integer(2, version));
  return writer.finish();
}

function writeGraph(writer: ProtobufWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writer.message(1, (field) => writeNode(field, node));
  writer.text(2, "coinage");
  for (const initializer of graph.initializers) writer.message(5, (field) => writeInitializer(field, initializer));
  for (const value of graph.inputs) writer.message(11, (field) => writeValue(field, value));
  for (const value of graph.outputs) writer.message(12, (field) => writeValue(field, value));
  for (const value of graph.values) writer.message(13, (field) => writeValue(field, value));
}

function writeNode(writer: ProtobufWriter, node: OnnxNode): void {
  for (const name of node.inputs) writer.text(1, name);
  for (const name of node.outputs) writer.text(2, name);
  writer.text(3, node.name).text(4, node.opType);
  for (const [name, attribute] of Object.entries(node.attributes))
    writer.message(5, (field) => writeAttribute(field, name, attribute));
  writer.text(7, node.domain);
}

function writeAttribute(writer: ProtobufWriter, name: string, attribute: OnnxAttribute): void {
  writer.text(1, name);
  if ("float" in attribute) writer.float(2, attribute.float).integer(20, 1);
  else if ("int" in attribute) writer.integer(3, attribute.int).integer(20, 2);
  else if ("text" in attribute) writer.text(4, attribute.text).integer(20, 3);
  else if ("graph" in attribute) writer.message(6, (field) => writeGraph(field, attribute.graph)).integer(20, 5);
  else {
    for (const value of attribute.ints) writer.integer(8, value);
    writer.integer(20, 7);
  }
}

function writeInitializer(writer: ProtobufWriter, { name, dtype, shape, data }: OnnxInitializer): void {
  for (const size of shape) writer.integer(1, size);
  writer.integer(2, dataTypes[dtype]).text(8, name);
  if (data instanceof Uint8Array) {
    writer.bytes(9, data);
    return;
  }
  for (const [key, value] of Object.entries(data))
    writer.message(13, (entry) => entry.text(1, key).text(2, String(value)));
  writer.integer(14, 1);
}

function writeValue(writer: ProtobufWriter, { name, dtype, shape }: OnnxValue): void {
  writer.text(1, name).message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, dataTypes[dtype]);
      if (!shape) return;
      tensor.message(2, (dims) => {
        for (const size of shape)
          dims.message(1, (dim) => (typeof size === "number" ? dim.integer(1, size) : dim.text(2, size)));
      });
    }),
  );
}
