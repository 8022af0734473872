import { measureRate } from "./probe.ts";
import { type DeviceName, openRuntime } from "./runtime.ts";
import { selfCheck } from "./self-check.ts";

/** Tries one device in a process of its own, where a driver may crash and talk as it likes. Prints what came of it as JSON: see devices.ts.
 *  usage: probe-process DEVICE */
const runtime = openRuntime({ device: process.argv[2] as DeviceName });
let found: { readonly check?: number[]; readonly rate?: number; readonly problem?: string };
try {
  const check = [...(await selfCheck(runtime))];
  found = { check, rate: (await measureRate(runtime)).convolution };
} catch (error) {
  found = { problem: error instanceof Error ? error.message : String(error) };
}
await runtime.close();
process.stdout.write(JSON.stringify(found));
