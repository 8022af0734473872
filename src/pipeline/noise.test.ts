import { expect, test } from "vitest";
import { TorchGenerator } from "../random/index.ts";
import { drawImageNoise, type NoiseOptions, noiseList } from "./noise.ts";

const options: NoiseOptions = {
  shape: [4, 8, 8],
  list: { length: 6, indexOf: (draw) => draw },
  isStochastic: true,
  hasInitLatents: true,
};

test("which noise of the list a sampler's draw takes", () => {
  const none = { calls: [], noiseDraws: 0 };
  const ofSampler = (sampler: "dpm_2_a" | "euler_a", compatibility: "generation" | "preview") =>
    noiseList({ compatibility, sampler, steps: 5 }, { ...none, noiseDraws: 4 });
  expect(ofSampler("euler_a", "generation")).toMatchObject({ length: 5 });
  expect(ofSampler("euler_a", "generation").indexOf(3)).toBe(3);
  expect(ofSampler("dpm_2_a", "generation")).toMatchObject({ length: 10 });
  expect(ofSampler("dpm_2_a", "generation").indexOf(3)).toBe(7);
  expect(ofSampler("dpm_2_a", "preview")).toMatchObject({ length: 4 });
  expect(ofSampler("dpm_2_a", "preview").indexOf(3)).toBe(3);
});

test("noises come one after the other from torch's generator", () => {
  const torch = new TorchGenerator(3);
  const own = drawImageNoise(3, options);
  const drawn = [
    own.initNoise,
    ...[0, 1, 2, 3, 4, 5].map(own.samplerNoise),
    own.init!.addedNoise,
    own.init!.encodingNoise,
  ];
  for (const noise of drawn) expect(noise).toEqual(torch.randn([4, 8, 8]).data);
});

test("start noise can be varied, again and again in the same way", () => {
  const varied = (startNoise: NonNullable<NoiseOptions["startNoise"]>) =>
    drawImageNoise(3, { ...options, startNoise }).initNoise;
  const plain = drawImageNoise(3, options).initNoise;
  const never = { probability: 0, discountRange: [0.3, 0.5], range: [0.1, 0.2] } as const;
  const always = { ...never, probability: 1 };
  expect(varied({ pyramid: never, offset: never })).toEqual(plain);
  const pyramid = varied({ pyramid: always });
  expect(pyramid).toEqual(varied({ pyramid: always }));
  expect(pyramid).not.toEqual(plain);
  const shifts = varied({ offset: always }).map((value, i) => value - plain[i]!);
  expect(Math.max(...shifts) - Math.min(...shifts)).toBeLessThan(1e-6);
  expect(shifts[0]).not.toBe(0);
});
