import { dtypeBytes } from "../array/index.ts";
import { evaluateDim } from "./dims.ts";
import type { EmittedGraph, EmittedNode, EmittedResult } from "./emit.ts";

/** Memory of a program, in bytes. */
export interface GraphMemory {
  /** Weights, memory-mapped from their files. */
  readonly weights: number;
  /** Constants folded from weights when the program is loaded: flipped kernels, converted weights. */
  readonly copies: number;
  /** Peak of the results that are alive at the same time in a run. */
  readonly results: number;
}

/** Operators whose output shares the buffer of their input. */
const views = new Set(["Reshape", "Identity", "Unsqueeze", "Squeeze"]);

/** Memory from the lifetimes of all results, in the order in which nodes were emitted; the runtime's own depth-first order is nearly the same. sizes: values of the named sizes. */
export function graphMemory(graph: EmittedGraph, sizes: ReadonlyMap<string, number>): GraphMemory {
  const parts = partsOf(graph);
  const weights = [...graph.weights].filter(([name]) => parts.read.has(name));
  return {
    weights: weights.reduce((sum, [, bytes]) => sum + bytes, 0),
    copies: copiesOf(graph, parts),
    results: peakOfResults(parts.running, sizes),
  };
}

/** Constants folded from weights, in bytes. */
export function copiesOf(graph: EmittedGraph, { fixed, read } = partsOf(graph)): number {
  const none = new Map<string, number>();
  const copies = [...fixed].filter(([name]) => read.has(name));
  return copies.reduce((sum, [, result]) => sum + bytesOf(result, none), 0);
}

/** Results computed once, nodes computed in every run, and the names of all results that these read. */
function partsOf(graph: EmittedGraph) {
  const fixed = fixedResults(graph);
  const running = graph.trace.filter(({ outputs }) => !fixed.has(outputs[0]!.name));
  const read = new Set(running.flatMap(({ opType, inputs }) => (opType === "Gather" ? inputs.slice(1) : inputs)));
  return { fixed, running, read };
}

/** Results that depend only on weights and constants. */
function fixedResults({ trace, inputs }: EmittedGraph): Map<string, EmittedResult> {
  const changing = new Set(inputs.map(({ onnxName }) => onnxName));
  const fixed = new Map<string, EmittedResult>();
  for (const { inputs, outputs } of trace) {
    const changes = inputs.some((name) => changing.has(name));
    for (const output of outputs) {
      if (changes) changing.add(output.name);
      else fixed.set(output.name, output);
    }
  }
  return fixed;
}

function peakOfResults(nodes: readonly EmittedNode[], sizes: ReadonlyMap<string, number>): number {
  const owners = new Map<string, string>();
  const ownerOf = (name: string) => owners.get(name) ?? name;
  for (const { opType, inputs, outputs } of nodes)
    if (views.has(opType)) owners.set(outputs[0]!.name, ownerOf(inputs[0]!));
  // a result that nothing reads dies at once
  const lastUses = new Map<string, number>();
  for (const [at, { inputs, outputs }] of nodes.entries())
    for (const name of [...inputs, ...outputs.map(({ name }) => name)]) lastUses.set(ownerOf(name), at);

  const alive = new Map<string, number>();
  let [now, peak] = [0, 0];
  for (const [at, { inputs, outputs, convertedBytes }] of nodes.entries()) {
    for (const output of outputs) {
      if (owners.has(output.name)) continue;
      const bytes = bytesOf(output, sizes);
      alive.set(output.name, bytes);
      now += bytes;
    }
    peak = Math.max(peak, now + convertedBytes);
    for (const name of [...inputs, ...outputs.map(({ name }) => name)].map(ownerOf)) {
      if (lastUses.get(name) !== at) continue;
      now -= alive.get(name) ?? 0;
      alive.delete(name);
    }
  }
  return peak;
}

function bytesOf({ dtype, shape }: EmittedResult, sizes: ReadonlyMap<string, number>): number {
  return shape.reduce<number>((product, size) => product * evaluateDim(size, sizes), dtypeBytes[dtype]);
}
