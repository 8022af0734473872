import { existsSync } from "node:fs";
import os from "node:os";
import { expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { foreignDevice } from "./devices.ts";
import { chooseDevice, measureRate, openRuntime, probeDevices, requireDevice } from "./index.ts";
import { hasCudaProvider } from "./platform.ts";
import { selfCheck } from "./probe.ts";

/** A software Vulkan driver is enough: the one in Debian's chromium, named in VK_ICD_FILENAMES. */
const hasDriver = existsSync(process.env.VK_ICD_FILENAMES ?? "");

test.skipIf(!hasDriver)("WebGPU agrees with the CPU without falling back to it", { timeout: 300_000 }, async () => {
  const results: Float32Array[] = [];
  for (const device of ["cpu", "webgpu"] as const) {
    const runtime = openRuntime({ device, refuseCpuFallback: device !== "cpu" });
    results.push(await selfCheck(runtime));
    await runtime.close();
  }
  expect(relativeDistance(results[1]!, results[0]!)).toBeLessThan(1e-5);
});

test("a requested device is taken as it is", async () => {
  expect(await chooseDevice("dml")).toEqual({ device: "dml", reason: "as requested" });
});

test("devices are tried in processes of their own, and the fastest that works is chosen, with a reason", {
  timeout: 120_000,
}, async () => {
  const reports = await probeDevices();
  expect(reports[0]).toMatchObject({ device: "cpu", rate: expect.any(Number), problem: undefined });
  for (const { rate, problem } of reports) expect(rate === undefined).toBe(problem !== undefined);
  const { device, reason } = await chooseDevice("auto");
  expect(reports.find((report) => report.device === device)?.problem).toBeUndefined();
  expect(reason).not.toBe("");
});

test("a device is measured once in a process for a number of threads", async () => {
  const [one, again, two] = [1, 1, 2].map((threads) => openRuntime({ threads }));
  const rate = await measureRate(one!);
  expect(rate.convolution).toBeGreaterThan(0);
  expect(await measureRate(again!)).toBe(rate);
  expect(await measureRate(two!)).not.toBe(rate);
  await Promise.all([one, again, two].map((runtime) => runtime!.close()));
});

test("a device that does not exist on the platform is refused, naming those that do", async () => {
  const message = expect.stringContaining("DirectML is part of Windows");
  const hint = "Use --device cuda or --device webgpu or --device cpu.";
  expect(foreignDevice("dml", "linux x64")).toMatchObject({ code: "DEVICE_UNAVAILABLE", message, hint });
  expect(foreignDevice("cuda", "win32 x64")).toMatchObject({ hint: expect.stringContaining("--device dml") });
  expect(foreignDevice("webgpu", "linux arm64")).toMatchObject({ hint: "Use --device cpu." });
  expect(foreignDevice("coreml", "darwin arm64")).toBeUndefined();
  const foreign = os.platform() === "win32" ? "coreml" : "dml";
  await expect(requireDevice(foreign)).rejects.toMatchObject({
    code: "DEVICE_UNAVAILABLE",
    where: `--device ${foreign}`,
  });
});

test.skipIf(os.platform() !== "linux" || os.arch() !== "x64" || hasCudaProvider())(
  "CUDA without its provider is refused, naming the command that installs it",
  async () => {
    const hint = expect.stringMatching(
      /onnxruntime-node\/script\/install\.js --onnxruntime-node-install[\s\S]*CUDA 13/,
    );
    await expect(requireDevice("cuda")).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE", hint });
  },
);
