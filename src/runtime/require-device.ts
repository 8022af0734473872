import { CoinageError } from "../errors/index.ts";
import { cudaSetupCommand, devicesOf, hasCudaProvider, platform } from "./platform.ts";
import type { DeviceName } from "./runtime.ts";
import { tryDevice } from "./trial.ts";

const timeoutMs = 60_000;

/** Makes sure that a device that was asked for can be computed on, before anything else is done. Takes a second unless it is the CPU.
 *  @throws DEVICE_UNAVAILABLE */
export async function requireDevice(asked: DeviceName | "auto"): Promise<void> {
  if (asked === "auto" || asked === "cpu") return;
  const problem = foreignDevice(asked, platform) ?? (await problemHere(asked));
  if (problem) throw problem;
}

/** What to say of a device that a platform cannot have. */
export function foreignDevice(device: DeviceName, name: string): CoinageError | undefined {
  const devices = devicesOf(name);
  if (devices.includes(device)) return undefined;
  const others = devices.map((other) => `--device ${other}`).reverse();
  return unavailable(device, `there is none on ${name}: ${whereItIs[device]}`, `Use ${others.join(" or ")}.`);
}

const whereItIs: Readonly<Record<DeviceName, string>> = {
  cpu: "ONNX Runtime has no build for it.",
  webgpu: "ONNX Runtime has WebGPU on Linux x64, Windows and macOS on Apple's processors.",
  cuda: "ONNX Runtime's package for Node has CUDA on Linux x64 only.",
  dml: "DirectML is a part of Windows.",
  coreml: "CoreML is a part of macOS, and ONNX Runtime has it on Apple's processors.",
};

async function problemHere(device: Exclude<DeviceName, "cpu">): Promise<CoinageError | undefined> {
  if (device === "cuda" && !hasCudaProvider())
    return unavailable(
      device,
      "CUDA's part of ONNX Runtime is not installed.",
      `Fetch it with: ${cudaSetupCommand()}\n${cudaNeeds}`,
    );
  const { problem } = await tryDevice(device, "start", timeoutMs);
  return problem === undefined ? undefined : unavailable(device, problem, remedies[device]);
}

const cudaNeeds =
  "It needs NVIDIA's driver, CUDA 13 and cuDNN 9, with their folders in LD_LIBRARY_PATH before Node starts. --device webgpu uses the same GPU without any of them.";

const remedies: Readonly<Record<Exclude<DeviceName, "cpu">, string>> = {
  webgpu:
    "It needs a graphics driver: Vulkan on Linux, Direct3D 12 on Windows, Metal on macOS. --device cpu works without one.",
  cuda: cudaNeeds,
  dml: "It needs a graphics driver with Direct3D 12. --device webgpu uses the same GPU in another way.",
  coreml: "--device webgpu uses the same GPU and knows more operations.",
};

function unavailable(device: DeviceName, reason: string, hint: string): CoinageError {
  return new CoinageError("DEVICE_UNAVAILABLE", `"${device}" does not work here: ${reason}`, {
    where: `--device ${device}`,
    hint,
  });
}
