import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTinySd } from "../../test/tiny-sd.ts";
import { arrayOf, type NdArray } from "../array/index.ts";
import { dim, input, multiplyDims } from "../graph/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import type { LevelArchitecture, UNetArchitecture } from "./architecture.ts";
import { crossAttentionLayers } from "./cross-attention.ts";
import { hiddenStatesOfLayers, unet } from "./index.ts";

let runtime: Runtime;
beforeAll(() => {
  runtime = openRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

test("the layers of Stable Diffusion 1 and 2 have the sixteen names of XTI", async () => {
  const level = (resnets: number, hasText = true): LevelArchitecture => ({
    resnets,
    transformerLayers: hasText ? Array<number>(resnets).fill(1) : [],
    heads: 8,
  });
  const architecture: UNetArchitecture = {
    ...(await openTinySd()).unet.architecture,
    down: [level(2), level(2), level(2), level(2, false)],
    mid: { resnets: 2, transformerLayers: [1], heads: 8 },
    up: [level(3, false), level(3), level(3), level(3)],
  };
  expect(crossAttentionLayers(architecture).join(" ")).toBe(
    "IN01 IN02 IN04 IN05 IN07 IN08 MID OUT03 OUT04 OUT05 OUT06 OUT07 OUT08 OUT09 OUT10 OUT11",
  );
});

describe("a U-Net with text states for each layer", () => {
  /** The place of each layer in the small model. */
  const places = [
    ["IN01", "down_blocks.0"],
    ["IN03", "down_blocks.1"],
    ["IN05", "down_blocks.2"],
    ["MID", "mid_block"],
    ["OUT02", "up_blocks.1"],
    ["OUT03", "up_blocks.1"],
    ["OUT04", "up_blocks.2"],
    ["OUT05", "up_blocks.2"],
    ["OUT06", "up_blocks.3"],
    ["OUT07", "up_blocks.3"],
  ] as const;

  test("reads them at that layer and not before; with equal ones it is the ordinary U-Net", async () => {
    const { weights, architecture } = (await openTinySd()).unet;
    const layers = crossAttentionLayers(architecture);
    expect(layers).toEqual(places.map(([layer]) => layer));
    const shape = [1, 77, architecture.crossAttentionDim];
    const inputs = {
      latents: input("latents", "float32", [1, 4, 8, 8]),
      timesteps: input("timesteps", "float32", [1]),
    };
    const layered = unet(weights, architecture, {
      ...inputs,
      encoderHiddenStates: layers.map((layer) => input(layer, "float32", shape)),
    });
    const ordinary = unet(weights, architecture, {
      ...inputs,
      encoderHiddenStates: input("encoderHiddenStates", "float32", shape),
    });

    const random = new TorchGenerator(1);
    const feeds = { latents: random.randn([1, 4, 8, 8]), timesteps: arrayOf([1], [500]) };
    const [encoderHiddenStates, other] = [random.randn(shape), random.randn(shape)];
    const plain = await (await runtime.load(ordinary.intermediates)).run({ ...feeds, encoderHiddenStates });
    const program = await runtime.load(layered.intermediates);
    const run = (changed?: string) =>
      program.run({
        ...feeds,
        ...Object.fromEntries(layers.map((name) => [name, name === changed ? other : encoderHiddenStates])),
      });
    expect(await run()).toEqual(plain);
    for (const [layer, place] of places) {
      const changed = await run(layer);
      const stages = Object.keys(layered.intermediates).filter((stage) => !isSame(changed[stage]!, plain[stage]!));
      expect({ layer, first: stages[0] }).toEqual({ layer, first: place });
    }
  });

  test("refuses another number of them", async () => {
    const { weights, architecture } = (await openTinySd()).unet;
    const states = input("encoderHiddenStates", "float32", [1, 77, architecture.crossAttentionDim]);
    const inputs = {
      latents: input("latents", "float32", [1, 4, 8, 8]),
      timesteps: input("timesteps", "float32", [1]),
    };
    expect(() => unet(weights, architecture, { ...inputs, encoderHiddenStates: [states, states] })).toThrow(
      "2 encoderHiddenStates for 10",
    );
  });
});

test("texts in variants side by side become text states for each layer", async () => {
  const batch = dim("batch");
  const states = input("states", "float32", [multiplyDims(3, batch), 1, 2]);
  const perLayer = hiddenStatesOfLayers(states, batch, 3);
  const program = await runtime.load(Object.fromEntries(perLayer.map((states, layer) => [layer, states])));
  // text 0 in its variants, then text 1
  const results = await program.run({
    states: arrayOf([6, 1, 2], [0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121]),
  });
  expect(Object.values(results).map(({ shape, data }) => [shape, [...data].map(Number)])).toEqual([
    [
      [2, 1, 2],
      [0, 1, 100, 101],
    ],
    [
      [2, 1, 2],
      [10, 11, 110, 111],
    ],
    [
      [2, 1, 2],
      [20, 21, 120, 121],
    ],
  ]);
});

function isSame(a: NdArray, b: NdArray): boolean {
  return a.data.every((value, i) => value === b.data[i]);
}
