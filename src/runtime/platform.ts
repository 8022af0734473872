import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { quotedWord } from "../files/index.ts";
import type { DeviceName } from "./runtime.ts";

/** Platform and architecture of this machine, with the names of ONNX Runtime's builds. */
export const platform = `${process.platform} ${process.arch}`;

/** Devices that ONNX Runtime's package for Node supports, by platform. */
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

/** Devices that "auto" considers: those of the platform that seem to be present.
 *  Never CoreML: it computes in half precision by default and supports few of the operations that gradients need. */
export function candidates(): DeviceName[] {
  return devicesOf(platform).filter((device) => {
    if (device === "cuda") return hasCudaProvider();
    if (device === "webgpu") return process.platform !== "linux" || hasGpuOnLinux();
    return device !== "coreml";
  });
}

/** Whether ONNX Runtime's CUDA provider is installed, which is not part of the package. */
export function hasCudaProvider(): boolean {
  const folder = path.join(onnxRuntimeFolder(), "bin", "napi-v6", process.platform, process.arch);
  return existsSync(path.join(folder, "libonnxruntime_providers_cuda.so"));
}

/** The command that downloads ONNX Runtime's CUDA provider to where the runtime looks for it, wherever coinage is installed. */
export function cudaSetupCommand(): string {
  // a flag without a value: with one, the script does nothing when npm starts it
  const script = path.relative("", path.join(onnxRuntimeFolder(), "script", "install.js"));
  return `node ${quotedWord(script)} --onnxruntime-node-install`;
}

function onnxRuntimeFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
}

/** A DRI or NVIDIA device node, or a Vulkan driver named by the user. */
function hasGpuOnLinux(): boolean {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  return Boolean(VK_ICD_FILENAMES || VK_DRIVER_FILES) || existsSync("/dev/dri") || existsSync("/dev/nvidia0");
}

/** The version of ONNX Runtime, read without loading it. */
export function runtimeVersion(): string {
  const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as { readonly version: string };
  return version;
}
