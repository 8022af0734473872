import { bytesOf, type DType, dtypeBytes, type NdArray } from "../array/index.ts";
import { dataTypes, encodeModel, type OnnxInitializer, type OnnxNode, type OnnxValue } from "../formats/onnx/index.ts";
import { type Dim, dimKey, nominalDim, type Shape } from "./dims.ts";
import { lower, type Target } from "./lower.ts";
import { convertingNodes, isConvertedAtUse } from "./stored-halves.ts";
import type { GraphNode, Tensor, WeightSource } from "./tensor.ts";

export interface EmitOptions {
  readonly target: Target;
  /** The path of a weight file for the runtime. */
  readonly locationOf: (file: string) => string;
}

/** A graph as an ONNX model, with its inputs and outputs. */
export interface EmittedGraph {
  /** The encoded model, computed on access: planning does not need it. */
  readonly model: Uint8Array;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Its nodes in order, with the data for memory planning. */
  readonly trace: readonly EmittedNode[];
  /** Bytes of each weight as stored. */
  readonly weights: ReadonlyMap<string, number>;
}

export interface EmittedNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly EmittedResult[];
  /** Bytes of float32 weights that the node converts for itself. */
  readonly convertedBytes: number;
}

export interface EmittedResult {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface Port {
  readonly name: string;
  /** Its name in the ONNX graph, in which an input and an output must not share one. */
  readonly onnxName: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** Opset 21 and IR 10: with newer ones some devices lack kernels. */
const opsets = { "": 21, "com.microsoft": 1 };
const irVersion = 10;

/** Number of neighbourhoods in a large graph; see valuesOf. */
const neighbourhoods = 64;
/** Fewest nodes of a neighbourhood. */
const fewestNeighbours = 128;
/** Results of at least this many bytes (at typical sizes) are worth the runtime's longer search for a buffer. */
const largeResult = 1 << 20;
const zero: NdArray = { dtype: "int64", shape: [1], data: BigInt64Array.of(0n) };

/** Emits the part of a graph that the named outputs need. Weights stay in their files: the model only refers to them. */
export function emit(outputs: Readonly<Record<string, Tensor>>, options: EmitOptions): EmittedGraph {
  const emitter = new Emitter(options);
  const ports = Object.entries(outputs).map(([name, tensor]) => {
    const onnxName = `output:${name}`;
    emitter.nameOutput(tensor, onnxName);
    return { name, onnxName, dtype: tensor.dtype, shape: tensor.shape };
  });
  const { nodes, initializers, trace, weights } = emitter;
  const inputs = [...emitter.inputs.values()];
  return {
    inputs,
    outputs: ports,
    trace,
    weights,
    get model() {
      return encodeModel({
        ...{ irVersion, opsets, nodes, initializers, values: valuesOf(trace) },
        inputs: [...inputs.map(toValue), ...emitter.defaults],
        outputs: ports.map(toValue),
      });
    },
  };
}

function toValue({ onnxName, dtype, shape }: Omit<Port, "name">): OnnxValue {
  return { name: onnxName, dtype, shape: shape.map((size) => (typeof size === "number" ? size : dimKey(size))) };
}

/** Shapes of all results. ONNX Runtime's memory planner lets a result reuse the buffer of a dead one if both are known to have the same shape. But it then keeps the buffer until the last
 *  result that reuses it is dead: buffers of the forward pass through all of the backward pass. So the sizes of large results are renamed from neighbourhood to neighbourhood, and only neighbours share.
 *  Small results keep their names and share freely: for every result the planner searches all dead buffers not yet reused, so the fewer there are, the faster the session is created. */
function valuesOf(trace: readonly EmittedNode[]): OnnxValue[] {
  const neighbours = Math.max(fewestNeighbours, trace.length / neighbourhoods);
  return trace.flatMap(({ outputs }, at) =>
    outputs.map(({ name, dtype, shape }) => {
      const bytes = shape.reduce<number>((product, size) => product * nominalDim(size), dtypeBytes[dtype]);
      const suffix = bytes < largeResult ? "" : ` ${Math.floor(at / neighbours)}`;
      const sizes = shape.map((size) => (typeof size === "number" ? size : `${size.key}${suffix}`));
      return { name, dtype, shape: sizes };
    }),
  );
}

class Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[] = [];
  readonly inputs = new Map<string, Port>();
  /** Weights converted at each use. They are inputs with a default value, because the runtime would fold the conversion of constants. */
  readonly defaults: OnnxValue[] = [];
  readonly trace: EmittedNode[] = [];
  readonly weights = new Map<string, number>();
  readonly #options: EmitOptions;
  readonly #nodeNames = new Map<GraphNode, string[]>();
  readonly #leafNames = new Map<string, string>();
  readonly #lowered = new Map<GraphNode, Tensor | undefined>();
  #count = 0;

  constructor(options: EmitOptions) {
    this.#options = options;
  }

  /** Makes a tensor an output with the given name. */
  nameOutput(tensor: Tensor, name: string): void {
    this.#push("Identity", "", [this.#nameOf(tensor)], [name], {});
  }

  /** An iterative depth-first walk: networks are deeper than the call stack. */
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
    else if (source.kind === "weight") this.#emitWeight(tensor, source);
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
    const { opType, domain, attributes } = graphNode;
    const name = `${opType}_${this.#count++}`;
    const results = graphNode.outputs.map((output, i) => ({ ...output, name: `${name}_${i}` }));
    const outputs = results.map(({ name }) => name);
    this.#nodeNames.set(graphNode, outputs);

    const node = { name, opType, domain, inputs, outputs, attributes };
    const stored = graphNode.inputs.filter((tensor) => tensor && isConvertedAtUse(tensor, this.#options.target));
    const activation = graphNode.inputs.find(
      (tensor) => tensor?.source.kind === "node" || tensor?.source.kind === "input",
    );
    const converting = activation ? stored.map((tensor) => this.#knownName(tensor!)!) : [];
    if (converting.length === 0) this.nodes.push(node);
    else this.nodes.push(...convertingNodes(node, converting, this.#knownName(activation!)!, this.#emitConstant(zero)));
    const convertedBytes = converting.reduce((sum, weight) => sum + 2 * this.weights.get(weight)!, 0);
    this.trace.push({ opType, inputs, outputs: results, convertedBytes });
  }

  #emitWeight(tensor: Tensor, { name, stored, isRaw }: WeightSource): void {
    const { dtype, shape, bytes } = stored;
    const data =
      bytes instanceof Uint8Array
        ? bytes
        : { location: this.#options.locationOf(bytes.file), offset: bytes.offset, length: bytes.length };
    this.initializers.push({ name, dtype, shape, data });
    this.weights.set(name, bytes.length);
    const isConverted = isConvertedAtUse(tensor, this.#options.target);
    if (isConverted) this.defaults.push({ name, dtype, shape });
    if (isRaw || dtype === "float32" || isConverted) {
      this.#leafNames.set(name, name);
      return;
    }
    const converted = { name: `${name}:float32`, dtype: "float32", shape } as const;
    this.#push("Cast", "", [name], [converted.name], { to: { int: dataTypes.float32 } });
    this.trace.push({ opType: "Cast", inputs: [name], outputs: [converted], convertedBytes: 0 });
    this.#leafNames.set(name, converted.name);
  }

  /** @returns its name */
  #emitConstant(value: NdArray): string {
    const known = this.#leafNames.get(constantKey(value));
    if (known) return known;
    const name = `constant_${this.initializers.length}`;
    const { dtype, shape, data } = value;
    this.initializers.push({ name, dtype, shape, data: bytesOf(data) });
    this.#leafNames.set(constantKey(value), name);
    return name;
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

/** Small constants with equal values are merged; large ones only if they are the same array. */
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
