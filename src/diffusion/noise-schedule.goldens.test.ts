import { expect, test } from "vitest";
import { describeGoldens, float32, largestDifference, readTensors } from "../../test/goldens.ts";
import { noiseSchedule } from "./noise-schedule.ts";

describeGoldens("loss-and-noise", (folder) => {
  const tables = readTensors(folder, "tables.safetensors");

  test.each([
    ["", false],
    ["zero_snr.", true],
  ] as const)("noise schedule %s", (prefix, zeroTerminalSnr) => {
    const schedule = noiseSchedule({ zeroTerminalSnr });
    expect(largestDifference(schedule.betas, float32(tables, `${prefix}betas`).data)).toBeLessThan(2e-6);
    console.log(largestDifference(schedule.betas, float32(tables, `${prefix}betas`).data), largestDifference(schedule.alphasCumprod, float32(tables, `${prefix}alphas_cumprod`).data));
    expect(largestDifference(schedule.alphasCumprod, float32(tables, `${prefix}alphas_cumprod`).data)).toBeLessThan(2e-6);
    const snr = float32(tables, `${prefix}all_snr`).data;
    expect(schedule.snr).toHaveLength(snr.length);
    snr.forEach((expected, t) => expect(Math.abs(schedule.snr[t]! / expected - 1)).toBeLessThan(1e-4));
  });
});
