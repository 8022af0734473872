import { afterAll, beforeAll, expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { openTinySd } from "../../test/tiny-sd.ts";
import type { DiffusionModel } from "../models/index.ts";
import { Networks } from "../networks/index.ts";
import type { Picture } from "../pictures/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { InitImageEncoder } from "./image-to-image.ts";

let runtime: Runtime;
let model: DiffusionModel;

beforeAll(async () => {
  runtime = openRuntime({ threads: 1 });
  model = await openTinySd();
});
afterAll(() => runtime.close());

const striped = (step: number): Picture => ({
  ...{ width: 70, height: 64, channels: 3 },
  data: new Uint8Array(70 * 64 * 3).map((_, i) => (i * step) % 256),
});

/** An encoder, and the number of images in each of its runs. */
function countingEncoder(): { encoder: InitImageEncoder; runs: number[] } {
  const runs: number[] = [];
  const counting: Runtime = {
    ...runtime,
    async load(outputs) {
      const program = await runtime.load(outputs);
      return {
        ...program,
        run: (feeds) => {
          runs.push(feeds.pictures!.shape[0]!);
          return program.run(feeds);
        },
      };
    },
  };
  return { encoder: new InitImageEncoder(new Networks(model, counting)), runs };
}

test("a picture is encoded once for each size, however often it is drawn from, and every time with its own noise", async () => {
  const [a, b] = [striped(3), striped(7)];
  const noise = (value: number) => new Float32Array(4 * 8 * 8).fill(value);
  const size = [64, 64] as const;
  const { encoder, runs } = countingEncoder();
  const { shape, data } = await encoder.latents([a, a, b], size, [noise(0), noise(1), noise(0)], {});
  expect(shape).toEqual([3, 4, 8, 8]);
  const part = (i: number) => data.slice(i * 256, (i + 1) * 256);
  expect(part(0)).not.toEqual(part(1));
  expect(part(0)).not.toEqual(part(2));
  const again = await encoder.latents([b, a], size, [noise(0), noise(1)], {});
  expect(again.data.slice(0, 256)).toEqual(part(2));
  expect(again.data.slice(256)).toEqual(part(1));
  expect(runs).toEqual([2]);
  await encoder.latents([a], [32, 64], [noise(0)], {});
  await encoder.latents([a, striped(5), striped(6)], [32, 64], [noise(0), noise(0), noise(0)], { vaeBatchSize: 1 });
  expect(runs).toEqual([2, 1, 1, 1]);
});

test("a picture encoded in bands is that encoded whole", async () => {
  const noise = [new Float32Array(4 * 8 * 8).fill(1)];
  const latentsIn = async (vaeSlices: number) =>
    (await countingEncoder().encoder.latents([striped(3)], [64, 64], noise, { vaeSlices })).data;
  const [whole, banded] = [await latentsIn(1), await latentsIn(3)];
  expect(banded).not.toEqual(whole);
  expect(relativeDistance(banded, whole)).toBeLessThan(1e-5);
});
