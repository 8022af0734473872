import { expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { openTinySd } from "../../test/tiny-sd.ts";
import { arrayOf } from "../array/index.ts";
import { dim, grad, input, multiply, reduceSum } from "../graph/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { openRuntime } from "../runtime/index.ts";
import { crossAttentionLayers } from "./cross-attention.ts";
import { unet } from "./index.ts";

test.each(["one text", "a text for each layer"])(
  "gradients computed with checkpoints are those computed without: %s",
  async (kind) => {
    const { weights, architecture } = (await openTinySd()).unet;
    const random = new TorchGenerator(1);
    const names = kind === "one text" ? ["encoderHiddenStates"] : crossAttentionLayers(architecture);
    const feeds = {
      latents: random.randn([2, 4, 16, 8]),
      timesteps: arrayOf([2], [10, 700]),
      ...Object.fromEntries(names.map((name) => [name, random.randn([2, 77, architecture.crossAttentionDim])])),
    };
    const runtime = openRuntime({ threads: 1 });
    const gradients: number[][] = [];
    for (const gradientCheckpointing of [false, true]) {
      const batch = dim("batch");
      const hiddenStates = names.map((name) => input(name, "float32", [batch, 77, architecture.crossAttentionDim]));
      const { prediction } = unet(
        weights,
        architecture,
        {
          latents: input("latents", "float32", [
            batch,
            4,
            // typical sizes at which attention and the wide layers are divided into blocks
            dim("height", { nominal: 64, multipleOf: 8 }),
            dim("width", { nominal: 64, multipleOf: 8 }),
          ]),
          timesteps: input("timesteps", "float32", [batch]),
          encoderHiddenStates: hiddenStates.length === 1 ? hiddenStates[0]! : hiddenStates,
        },
        { gradientCheckpointing },
      );
      const found = grad(reduceSum(multiply(prediction, prediction), [0, 1, 2, 3]), hiddenStates);
      const program = await runtime.load(Object.fromEntries(names.map((name, i) => [name, found[i]!])));
      const results = await program.run(feeds);
      gradients.push(names.flatMap((name) => [...(results[name]!.data as Float32Array)]));
    }
    await runtime.close();
    expect(relativeDistance(gradients[1]!, gradients[0]!)).toBeLessThan(1e-6);
  },
);
