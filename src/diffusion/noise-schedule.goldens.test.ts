import { expect, test } from "vitest";
import { describeGoldens, float32, largestDifference, readTensors } from "../../test/goldens.ts";
import { noiseSchedule } from "./noise-schedule.ts";

describeGoldens("loss-and-noise", (folder) => {
  const tables = readTensors(folder, "tables.safetensors");

  test.each([
    ["", false],
    ["zero_snr.", true],
  ] as const)("tables %s", (prefix, zeroTerminalSnr) => {
    const schedule = noiseSchedule({ zeroTerminalSnr });
    const expected = (name: string) => float32(tables, prefix + name).data;
    // torch's square root is sometimes not the nearest float32; in the rescaled betas, which are small differences, the error is magnified
    expect(largestDifference(schedule.betas, expected("betas"))).toBeLessThan(zeroTerminalSnr ? 4e-6 : 2e-6);
    expect(largestDifference(schedule.alphasCumprod, expected("alphas_cumprod"))).toBeLessThan(2e-6);
    const snr = expected("all_snr");
    expect(schedule.snr).toHaveLength(snr.length);
    snr.forEach((value, t) => {
      expect(Math.abs(schedule.snr[t]! / value - 1), `timestep ${t}`).toBeLessThan(1e-4);
    });
  });
});
