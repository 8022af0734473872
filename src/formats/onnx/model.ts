import type { DType } from "../../array/index.ts";

/** An ONNX model as plain records: the subset that a computing graph needs. */
export interface OnnxModel extends OnnxGraph {
  readonly irVersion: number;
  /** Version per operator domain; "" is the standard domain. */
  readonly opsets: Readonly<Record<string, number>>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  /** An initializer among the inputs is a default value: not taken for a constant. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Types and shapes of values in between: what the runtime cannot infer itself. */
  readonly values: readonly OnnxValue[];
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** An empty name stands for an optional input that is left out. */
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
  /** Raw little-endian bytes, or the place in a file where they lie. */
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  /** Numbers, and names of sizes that are known when the model runs; left out when unknown. */
  readonly shape?: readonly (number | string)[];
}
