import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { chooseDevice, openRuntime, probeDevices } from "./index.ts";
import { selfCheck } from "./self-check.ts";

/** A Vulkan driver in software will do: Debian's chromium brings one, to be named in VK_ICD_FILENAMES. */
const hasDriver = existsSync(process.env.VK_ICD_FILENAMES ?? "");

test.skipIf(!hasDriver)(
  "WebGPU computes what the CPU computes, and leaves nothing of it to the CPU",
  { timeout: 300_000 },
  async () => {
    const results: Float32Array[] = [];
    for (const device of ["cpu", "webgpu"] as const) {
      const runtime = openRuntime({ device, refuseCpuFallback: device !== "cpu" });
      results.push(await selfCheck(runtime));
      await runtime.close();
    }
    expect(relativeDistance(results[1]!, results[0]!)).toBeLessThan(1e-5);
  },
);

test("a device that was asked for is taken as it is", async () => {
  expect(await chooseDevice("dml")).toEqual({ device: "dml", reason: "as asked" });
});

test("devices are tried apart from this process, and the fastest that works is chosen with a reason", {
  timeout: 120_000,
}, async () => {
  const reports = await probeDevices();
  expect(reports[0]).toMatchObject({ device: "cpu", rate: expect.any(Number), problem: undefined });
  for (const { rate, problem } of reports) expect(rate === undefined).toBe(problem !== undefined);
  const { device, reason } = await chooseDevice("auto");
  expect(reports.find((report) => report.device === device)?.problem).toBeUndefined();
  expect(reason).not.toBe("");
});
