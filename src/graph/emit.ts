import type { DType, NdArray } from "../array/index.ts";
import {
  encodeModel,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from "../formats/onnx/index.ts";
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

/** Nodes whose results may share buffers; many more and buffers are kept too long, many fewer and the planner is slow. */
const neighbours = 128;
/** Elements from which on a 16-bit weight is worth converting at each use. */
const largeWeight = 1 << 16;
const zero: NdArray = { dtype: "int64", shape: [1], data: BigInt64Array.of(0n) };

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
    inputs: [...[...emitter.inputs.values()].map(toValue), ...emitter.defaults],
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
  /** Shapes of all results: see #valueOf. */
  readonly values: OnnxValue[] = [];
  readonly inputs = new Map<string, Port>();
  /** Weights converted at each use. As inputs with a default value the runtime does not take them for constants, which it would convert for good. */
  readonly defaults: OnnxValue[] = [];
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
      this.values.push(this.#valueOf(name, dtype, shape));
      return name;
    });
    this.#nodeNames.set(graphNode, outputs);
    const { opType, domain, attributes } = graphNode;
    const [activation, stored] = this.#conversionOf(graphNode);
    if (activation === undefined) this.#push(opType, domain, inputs, outputs, attributes);
    else this.#pushWithConversion({ name: "", opType, domain, inputs, outputs, attributes }, stored, activation);
  }

  /** The runtime's memory planner lets a result take over the buffer of a dead one when both shapes are known to be the same, and is slow where it finds none. But it then keeps
   *  the buffer until the last that takes it over is dead: those of the forward pass through all of the backward pass. So sizes are renamed every so many nodes, and only neighbours look the same. */
  #valueOf(name: string, dtype: DType, shape: readonly Dim[]): OnnxValue {
    const neighbourhood = Math.floor(this.#count / neighbours);
    return {
      name,
      dtype,
      shape: shape.map((size) => (typeof size === "number" ? size : `${size.key} ${neighbourhood}`)),
    };
  }

  /** Names of an activation and of the weights that a node reads and that are converted for it, if there are any. */
  #conversionOf({ inputs }: GraphNode): [activation: string, stored: string[]] | [undefined, undefined] {
    const stored = inputs.filter((tensor) => tensor?.source.kind === "weight" && this.#isConvertedAtUse(tensor.source));
    const activation = inputs.find((tensor) => tensor?.source.kind === "node" || tensor?.source.kind === "input");
    if (stored.length === 0 || !activation) return [undefined, undefined];
    return [this.#knownName(activation)!, stored.map((tensor) => this.#knownName(tensor!)!)];
  }

  #isConvertedAtUse({ stored, isRaw }: WeightSource): boolean {
    const { dtype, shape } = stored;
    const count = shape.reduce((product, size) => product * size, 1);
    return this.#options.target.halfWeights === "stored" && !isRaw && dtype !== "float32" && count >= largeWeight;
  }

  /** A node that converts stored weights for itself, when its activation is there and not before. Conditional nodes are the one thing that the runtime neither moves nor merges,
   *  and nothing in them outlives them. Source: onnxruntime.md section 3.4. */
  #pushWithConversion(node: OnnxNode, stored: readonly string[], activation: string): void {
    const index = this.#count;
    const [size, condition] = [`Shape_${index}`, `Greater_${index}`];
    this.#emitConstant(zero);
    this.#push("Shape", "", [activation], [size], { start: { int: 0 }, end: { int: 1 } });
    this.#push("Greater", "", [size, this.#leafNames.get(constantKey(zero))!], [condition], {});
    this.#push("If", "", [condition], node.outputs, {
      then_branch: { graph: convertingGraph(node, stored, "then") },
      else_branch: { graph: convertingGraph(node, stored, "else") },
    });
  }

  #emitWeight(source: WeightSource): void {
    const { name, stored, isRaw } = source;
    const { dtype, shape, bytes } = stored;
    const data =
      bytes instanceof Uint8Array
        ? bytes
        : { location: this.#options.locationOf(bytes.file), offset: bytes.offset, length: bytes.length };
    this.initializers.push({ name, dtype, shape, data });
    const isConvertedAtUse = this.#isConvertedAtUse(source);
    if (isConvertedAtUse) this.defaults.push({ name, dtype, shape });
    if (isRaw || dtype === "float32" || isConvertedAtUse) {
      this.#leafNames.set(name, name);
      return;
    }
    const converted = `${name}:float32`;
    this.#push("Cast", "", [name], [converted], { to: { int: 1 } });
    this.#leafNames.set(name, converted);
  }

  #emitConstant(value: NdArray): void {
    if (this.#leafNames.has(constantKey(value))) return;
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

/** A node with weights as it reads them converted, as the branch of a condition. */
function convertingGraph(node: OnnxNode, stored: readonly string[], branch: string): OnnxGraph {
  const named = (name: string) => `${name}:${branch}`;
  const own = (name: string) => `${name}:${node.outputs[0]}:${branch}`;
  const casts = stored.map((name): OnnxNode => {
    const converted = own(name);
    return {
      name: converted,
      opType: "Cast",
      domain: "",
      inputs: [name],
      outputs: [converted],
      attributes: { to: { int: 1 } },
    };
  });
  const inputs = node.inputs.map((name) => (stored.includes(name) ? own(name) : name));
  const outputs = node.outputs.map(named);
  return {
    nodes: [...casts, { ...node, name: named(node.outputs[0]!), inputs, outputs }],
    initializers: [],
    inputs: [],
    outputs: outputs.map((name) => ({ name, dtype: "float32" })),
    values: [],
  };
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
