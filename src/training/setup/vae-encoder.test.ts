import { expect, test } from "vitest";
import { relativeDistance } from "../../../test/goldens.ts";
import { openTinySd } from "../../../test/tiny-sd.ts";
import { Networks } from "../../networks/index.ts";
import { TorchGenerator } from "../../random/index.ts";
import { openRuntime } from "../../runtime/index.ts";
import { openVaeEncoder } from "./vae-encoder.ts";

test("large pictures are encoded in bands, with the latents of the whole, and beside small ones", async () => {
  const model = await openTinySd();
  const loads: number[] = [];
  const runtime = openRuntime({ threads: 1 });
  const counting: typeof runtime = {
    ...runtime,
    load: (outputs) => {
      loads.push(1);
      return runtime.load(outputs);
    },
  };
  const vae = openVaeEncoder(model, counting, new TorchGenerator(2));
  const pixels = new TorchGenerator(1).randn([1, 3, 520, 512]);
  const latents = await vae.encode(pixels);
  const { mean, logvar } = await (await new Networks(model, runtime).vaeEncoder(1)).run({ pictures: pixels });
  const noise = new TorchGenerator(2).randn(mean!.shape).data;
  const whole = noise.map((value, i) => Number(mean!.data[i]) + Math.exp(Number(logvar!.data[i]) / 2) * value);
  expect(latents.shape).toEqual([1, 4, 65, 64]);
  expect(relativeDistance(latents.data, whole)).toBeLessThan(1e-5);
  expect(latents.data).not.toEqual(whole);
  for (const size of [64, 128]) await vae.encode(new TorchGenerator(1).randn([1, 3, size, size]));
  expect(loads).toHaveLength(2);
  await vae.close();
  await runtime.close();
});
