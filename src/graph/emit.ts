import type { DType, NdArray } from "../array/index.ts";
import { encodeModel, type OnnxInitializer, type OnnxNode, type OnnxValue } from "../formats/onnx/index.ts";
import { type Dim, dimKey } from "./dims.ts";
import { lower, type Target } from "./lower.ts";
import type { GraphNode, Tensor, WeightSource } from "./tensor.ts";

export interface EmitOptions {
  readonly target: Target;
  /** How a weight's file is named for the runtime. */
  readonly locationOf: (file: string) => string;
}

/** A graph in ONNX form, with what a caller must feed and gets back. */
export interface EmittedGraph {
  readonly model: Uint8Array;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface Port {
  readonly name: string;
  /** Its name in the ONNX graph, where inputs and outputs may not share one. */
  readonly onnxName: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** Opset 21 and IR 10: newer ones leave operators without kernels on some devices. */
const opsets = { "": 21, "com.microsoft": 1 };
const irVersion = 10;

/** Writes the part of a graph that the named outputs need. Weights stay where they lie: the model only points at them. */
export function emit(outputs: Readonly<Record<string, Tensor>>, options: EmitOptions): EmittedGraph {
  const emitter = new Emitter(options);
  const ports = Object.entries(outputs).map(([name, tensor]) => {
    const onnxName = `output:${name}`;
    emitter.nameOutput(tensor, onnxName);
    return { name, onnxName, dtype: tensor.dtype, shape: tensor.shape };
  });
  const model = encodeModel({
    irVersion,
    opsets,
    nodes: emitter.nodes,
    initializers: emitter.initializers,
    inputs: [...emitter.inputs.values()].map(toValue),
    outputs: ports.map(toValue),
    values: emitter.values,
  });
  return { model, inputs: [...emitter.inputs.values()], outputs: ports };
}

function toValue({ onnxName, dtype, shape }: Omit<Port, "name">): OnnxValue {
  return { name: onnxName, dtype, shape: shape.map((size) => (typeof size === "number" ? size : dimKey(size))) };
}

class Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[] = [];
  /** Shapes of all results: only with them does the runtime's memory planner see which buffers can take turns, and without them it is slow. */
  readonly values: OnnxValue[] = [];
  readonly inputs = new Map<string, Port>();
  readonly #options: EmitOptions;
  readonly #nodeNames = new Map<GraphNode, string[]>();
  readonly #leafNames = new Map<string, string>();
  readonly #lowered = new Map<GraphNode, Tensor | undefined>();
  #count = 0;

  constructor(options: EmitOptions) {
    this.#options = options;
  }

  /** Gives a tensor a name of the caller's choice. */
  nameOutput(tensor: Tensor, name: string): void {
    this.#push("Identity", "", [this.#nameOf(tensor)], [name], {});
  }

  /** Iterative depth-first walk: networks are deeper than the call stack. */
  #nameOf(root: Tensor): string {
    const pending: Tensor[] = [root];
    while (pending.length > 0) {
      const tensor = pending.at(-1)!;
      const missing = this.#unnamedSources(tensor);
      if (missing.length > 0) {
        pending.push(...missing.reverse());
        continue;
      }
      pending.pop();
      this.#emitTensor(tensor);
    }
    return this.#knownName(root)!;
  }

  #unnamedSources(tensor: Tensor): Tensor[] {
    if (tensor.source.kind !== "node" || this.#nodeNames.has(tensor.source.node)) return [];
    const lowered = this.#lower(tensor, tensor.source.node);
    const sources = lowered ? [lowered] : tensor.source.node.inputs;
    return sources.filter((source) => source !== undefined && this.#knownName(source) === undefined) as Tensor[];
  }

  #lower(tensor: Tensor, graphNode: GraphNode): Tensor | undefined {
    if (!this.#lowered.has(graphNode)) this.#lowered.set(graphNode, lower(tensor, graphNode, this.#options.target));
    return this.#lowered.get(graphNode);
  }

  #knownName({ source }: Tensor): string | undefined {
    switch (source.kind) {
      case "input":
        return this.inputs.get(source.name)?.onnxName;
      case "weight":
        return this.#leafNames.get(source.name);
      case "constant":
        return this.#leafNames.get(constantKey(source.value));
      case "node":
        return this.#nodeNames.get(source.node)?.[source.index];
    }
  }

  #emitTensor(tensor: Tensor): void {
    const { source } = tensor;
    if (this.#knownName(tensor) !== undefined) return;
    if (source.kind === "input")
      this.inputs.set(source.name, {
        name: source.name,
        onnxName: `input:${source.name}`,
        dtype: tensor.dtype,
        shape: tensor.shape,
      });
    else if (source.kind === "weight") this.#emitWeight(source);
    else if (source.kind === "constant") this.#emitConstant(source.value);
    else this.#emitNode(source.node);
  }

  #emitNode(graphNode: GraphNode): void {
    const lowered = this.#lowered.get(graphNode);
    if (lowered) {
      this.#nodeNames.set(graphNode, [this.#knownName(lowered)!]);
      return;
    }
    const inputs = graphNode.inputs.map((tensor) => (tensor ? this.#knownName(tensor)! : ""));
    while (inputs.at(-1) === "") inputs.pop();
    const index = this.#count;
    const outputs = graphNode.outputs.map(({ dtype, shape }, i) => {
      const name = `${graphNode.opType}_${index}_${i}`;
      this.values.push(toValue({ onnxName: name, dtype, shape }));
      return name;
    });
    this.#push(graphNode.opType, graphNode.domain, inputs, outputs, graphNode.attributes);
    this.#nodeNames.set(graphNode, outputs);
  }

  #emitWeight({ name, stored, isRaw }: WeightSource): void {
    const { dtype, shape, bytes } = stored;
    const data =
      bytes instanceof Uint8Array
        ? bytes
        : { location: this.#options.locationOf(bytes.file), offset: bytes.offset, length: bytes.length };
    this.initializers.push({ name, dtype, shape, data });
    if (isRaw || dtype === "float32") {
      this.#leafNames.set(name, name);
      return;
    }
    const converted = `${name}:float32`;
    this.#push("Cast", "", [name], [converted], { to: { int: 1 } });
    this.#leafNames.set(name, converted);
  }

  #emitConstant(value: NdArray): void {
    const name = `constant_${this.initializers.length}`;
    const { dtype, shape, data } = value;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name, dtype, shape, data: bytes });
    this.#leafNames.set(constantKey(value), name);
  }

  #push(
    opType: string,
    domain: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: OnnxNode["attributes"],
  ): void {
    this.nodes.push({ name: `${opType}_${this.#count++}`, opType, domain, inputs, outputs, attributes });
  }
}

const arrayKeys = new WeakMap<NdArray, string>();
let arrayCount = 0;

/** Small constants are one when their values are; large ones when they are the same array. */
function constantKey(value: NdArray): string {
  const known = arrayKeys.get(value);
  if (known) return known;
  const key =
    value.data.length <= 16
      ? `${value.dtype} [${value.shape}] ${Array.from(value.data as ArrayLike<number | bigint>).join(",")}`
      : `array ${arrayCount++}`;
  arrayKeys.set(value, key);
  return key;
}
