import fc from "fast-check";
import { expect, test } from "vitest";
import { arrayOf } from "../array/index.ts";
import { noiseSchedule } from "./noise-schedule.ts";
import { drawTrainingBatch } from "./training-batch.ts";
import { seededGenerators, skipTrainingBatch } from "./training-draws.ts";

test("a training batch that is skipped leaves its timesteps and all generators as one that is drawn", () => {
  const either = fc.option(fc.boolean(), { nil: undefined });
  const strength = fc.constantFrom(undefined, 0, 0.1);
  const options = fc.record({
    ...{ noiseOffset: strength, noiseOffsetRandomStrength: either, adaptiveNoiseScale: strength },
    ...{ ipNoiseGamma: strength, ipNoiseGammaRandomStrength: either },
    multiresNoiseIterations: fc.constantFrom(undefined, 0, 1, 6),
    timestepSampling: fc.constantFrom(undefined, "uniform", "stratified", "cosine"),
  });
  const side = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(options, fc.integer({ min: 1, max: 3 }), side, side, (options, batch, height, width) => {
      const shape = [batch, 4, height, width];
      const latents = arrayOf(shape, new Float32Array(batch * 4 * height * width).fill(1));
      const [drawn, skipped] = [seededGenerators(3), seededGenerators(3)];
      const share = { index: 1, count: 2 };
      const { timesteps } = drawTrainingBatch(latents, options, noiseSchedule(), drawn, share);
      expect(skipTrainingBatch(shape, options, skipped, share)).toEqual(timesteps);
      for (const name of ["torch", "python", "timesteps"] as const)
        expect(skipped[name].state(), name).toEqual(drawn[name].state());
    }),
    { numRuns: 200 },
  );
});
