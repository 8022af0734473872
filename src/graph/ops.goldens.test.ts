import { afterAll, beforeAll, expect, test } from "vitest";
import { describeGoldens, float32, readJson, readTensors, relativeDistance } from "../../test/goldens.ts";
import type { NdArray } from "../array/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import {
  add,
  attention,
  concat,
  constant,
  conv2d,
  geglu,
  gelu,
  grad,
  groupNorm,
  input,
  layerNorm,
  linear,
  lookup,
  multiply,
  quickGelu,
  reduceSum,
  reshape,
  silu,
  softmax,
  type Tensor,
  upsampleNearest,
} from "./index.ts";

interface OpCase {
  readonly op: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, string>>;
  readonly constants?: Readonly<Record<string, string>>;
  readonly output: string;
  readonly upstream: string;
  readonly grads: Readonly<Record<string, string>>;
}

// biome-ignore lint/suspicious/noExplicitAny: the file defines the attributes; each operation knows its own
type Attributes = Readonly<Record<string, any>>;
type Build = (tensors: Readonly<Record<string, Tensor>>, attributes: Attributes) => Tensor;

/** Our operation for each recorded one. */
const operations: Readonly<Record<string, Build>> = {
  conv2d: ({ x, weight, bias }, { stride, pads_top_left_bottom_right: padding }) =>
    conv2d(x!, weight!, bias, { stride, padding }),
  group_norm: ({ x, weight, bias }, { groups, eps }) => groupNorm(x!, groups, weight!, bias!, eps),
  layer_norm: ({ x, weight, bias }, { eps }) => layerNorm(x!, weight!, bias!, eps),
  silu: ({ x }) => silu(x!),
  gelu_erf: ({ x }) => gelu(x!),
  quick_gelu: ({ x }) => quickGelu(x!),
  geglu: ({ x }) => geglu(x!),
  softmax: ({ x }) => softmax(x!),
  attention: ({ q, k, v }, { heads, causal, scale }) =>
    attention(q!, k!, v!, { heads, isCausal: causal, factor: scale }),
  upsample_nearest: ({ x }, { size }) => {
    const [height, width] = size as [number, number];
    return upsampleNearest(x!, input("target", "float32", [1, 1, height, width]));
  },
  linear: ({ x, weight, bias }) => linear(x!, weight!, bias),
  embedding: ({ table, ids }) => lookup(table!, ids!),
  concat: ({ a, b }, { axis }) => concat([a!, b!], axis),
  add_per_channel: ({ x, e }) => add(x!, reshape(e!, [...e!.shape, 1, 1])),
};

describeGoldens("gradients", (folder) => {
  const { tensors: file, cases } = readJson<{ tensors: string; cases: OpCase[] }>(folder, "ops.json");
  const tensors = readTensors(folder, file);
  let runtime: Runtime;
  beforeAll(() => {
    runtime = openRuntime({ threads: 1 });
  });
  afterAll(() => runtime.close());

  test.each(cases.map((entry) => [entry.output, entry] as const))("%s", async (_, entry) => {
    const build = operations[entry.op];
    if (!build) throw new Error(`no operation for "${entry.op}"`);
    const arrays = new Map(Object.entries(entry.inputs).map(([name, key]) => [name, float32(tensors, key)]));
    const symbols = Object.fromEntries([...arrays].map(([name, { shape }]) => [name, input(name, "float32", shape)]));
    const constants = Object.fromEntries(
      Object.entries(entry.constants ?? {}).map(([name, key]) => [name, constant(tensors.get(key)!)]),
    );
    const output = build({ ...symbols, ...constants }, entry.attributes as Attributes);
    const upstream = float32(tensors, entry.upstream);
    const loss = reduceSum(
      multiply(output, input("upstream", "float32", upstream.shape)),
      upstream.shape.map((_, i) => i),
    );
    const wanted = Object.keys(entry.grads);
    const gradients = grad(
      loss,
      wanted.map((name) => symbols[name]!),
    );
    const outputs = Object.fromEntries([["output", output], ...wanted.map((name, i) => [`d${name}`, gradients[i]!])]);

    const program = await runtime.load(outputs);
    const available: Record<string, NdArray> = { ...Object.fromEntries(arrays), upstream, target: targetFor(entry) };
    const results = await program.run(Object.fromEntries(program.inputs.map(({ name }) => [name, available[name]!])));
    expect(relativeDistance(values(results.output), float32(tensors, entry.output).data)).toBeLessThan(1e-5);
    for (const name of wanted)
      expect(
        relativeDistance(values(results[`d${name}`]), float32(tensors, entry.grads[name]!).data),
        name,
      ).toBeLessThan(1e-5);
    await program.close();
  });
});

function targetFor({ attributes }: OpCase): NdArray {
  const [height, width] = (attributes.size as [number, number] | undefined) ?? [1, 1];
  return { dtype: "float32", shape: [1, 1, height, width], data: new Float32Array(height * width) };
}

function values(array: NdArray | undefined): Float32Array {
  return array!.data as Float32Array;
}
