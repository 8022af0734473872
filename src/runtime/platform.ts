import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { quotedWord } from "../files/index.ts";
import type { DeviceName } from "./runtime.ts";

/** Platform and processor of this machine, as ONNX Runtime's package names its builds. */
export const platform = `${process.platform} ${process.arch}`;

/** What ONNX Runtime's package for Node can compute on, by platform. */
const builds: Readonly<Record<string, readonly DeviceName[]>> = {
  "linux x64": ["cpu", "webgpu", "cuda"],
  "linux arm64": ["cpu"],
  "win32 x64": ["cpu", "webgpu", "dml"],
  "win32 arm64": ["cpu", "webgpu", "dml"],
  "darwin arm64": ["cpu", "webgpu", "coreml"],
};

export function devicesOf(name: string): readonly DeviceName[] {
  return builds[name] ?? ["cpu"];
}

/** Devices that a run may take by itself: those of the platform of which there is a sign.
 *  CoreML is not among them: it computes in half precision unless told otherwise, and knows few of the operations that gradients need. */
export function candidates(): DeviceName[] {
  return devicesOf(platform).filter((device) => {
    if (device === "cuda") return hasCudaProvider();
    if (device === "webgpu") return process.platform !== "linux" || hasGpuOnLinux();
    return device !== "coreml";
  });
}

/** CUDA's part of ONNX Runtime is not in the package: it lies beside the rest once the user has put it there. */
export function hasCudaProvider(): boolean {
  const folder = path.join(onnxRuntimeFolder(), "bin", "napi-v6", process.platform, process.arch);
  return existsSync(path.join(folder, "libonnxruntime_providers_cuda.so"));
}

/** The command that fetches CUDA's part of ONNX Runtime to where the runtime looks for it, whoever installed us and where. */
export function cudaSetupCommand(): string {
  // without a value: with one the script does nothing when npm has started it
  const script = path.relative("", path.join(onnxRuntimeFolder(), "script", "install.js"));
  return `node ${quotedWord(script)} --onnxruntime-node-install`;
}

function onnxRuntimeFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
}

/** A graphics device of the kernel, NVIDIA's, or a Vulkan driver that the user names. */
function hasGpuOnLinux(): boolean {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  return Boolean(VK_ICD_FILENAMES || VK_DRIVER_FILES) || existsSync("/dev/dri") || existsSync("/dev/nvidia0");
}
