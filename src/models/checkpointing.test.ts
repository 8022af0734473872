import { expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { openTinySd } from "../../test/tiny-sd.ts";
import { arrayOf } from "../array/index.ts";
import { dim, grad, input, multiply, reduceSum } from "../graph/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { openRuntime } from "../runtime/index.ts";
import { unet } from "./index.ts";

test("gradients computed with checkpoints are those computed without", async () => {
  const { weights, architecture } = (await openTinySd()).unet;
  const random = new TorchGenerator(1);
  const feeds = {
    latents: random.randn([2, 4, 16, 8]),
    timesteps: arrayOf([2], [10, 700]),
    context: random.randn([2, 77, architecture.contextWidth]),
  };
  const runtime = openRuntime({ threads: 1 });
  const gradients: Float32Array[] = [];
  for (const checkpointing of [false, true]) {
    const batch = dim("batch");
    const context = input("context", "float32", [batch, 77, architecture.contextWidth]);
    const { prediction } = unet(
      weights,
      architecture,
      {
        latents: input("latents", "float32", [
          batch,
          4,
          dim("height", { multipleOf: 8 }),
          dim("width", { multipleOf: 8 }),
        ]),
        timesteps: input("timesteps", "float32", [batch]),
        context,
      },
      { checkpointing },
    );
    const [gradient] = grad(reduceSum(multiply(prediction, prediction), [0, 1, 2, 3]), [context]);
    const program = await runtime.load({ gradient: gradient! });
    gradients.push((await program.run(feeds)).gradient!.data as Float32Array);
  }
  await runtime.close();
  expect(relativeDistance(gradients[1]!, gradients[0]!)).toBeLessThan(1e-6);
});
