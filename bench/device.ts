import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CoinageError, formatError } from "../src/errors/index.ts";
import { type DeviceName, deviceNames, probeDevices, requireDevice } from "../src/runtime/index.ts";
import { type Agreement, compareWithCpu } from "./agreement.ts";
import { measureSpeed, type Speed, type SpeedModel } from "./device-speed.ts";
import { gigabytes, keepResult, machine, printTable, seconds } from "./results.ts";

/** Everything that needs real hardware: which devices work, do they agree with the CPU, how fast are they, how much memory do they take?
 *  usage: bench/device.sh [DEVICE...] [--models tiny-sd,sd1.5] [--batches 1,2,4] [--side N] [--steps 6] [--timeout SECONDS] [--out DIR]
 *  Prints tables, and writes every result to DIR/devices.jsonl at once. Exits with 1 if a device disagrees with the CPU. */
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: "string", default: "tiny-sd,sd1.5" },
    batches: { type: "string", default: "1,2,4" },
    side: { type: "string" },
    steps: { type: "string", default: "6" },
    timeout: { type: "string", default: "600" },
    out: { type: "string", default: fileURLToPath(new URL("device-results", import.meta.url)) },
  },
});
const asked = (positionals.length > 0 ? positionals : ["cpu", "webgpu", "cuda"]) as DeviceName[];
const unknown = asked.find((name) => !deviceNames.includes(name));
if (unknown) throw new Error(`There is no device "${unknown}", only ${deviceNames.join(", ")}.`);
const folder = path.resolve(flags.out);
const timeoutMs = 1000 * Number(flags.timeout);
const side = flags.side === undefined ? undefined : Number(flags.side);
mkdirSync(folder, { recursive: true });
const keep = (kind: string, result: object) => keepResult({ kind, ...result }, path.join(folder, "devices.jsonl"));

const tooFar = "MISMATCH";

console.log(`${machine}\n`);
const working = await workingDevices();
const agreements = await collect(compareWithCpu(working, { side: side ?? 128, folder, timeoutMs }), "agreement");
printTable([
  ["device", "part", "precision", "distance", "allowed", ""],
  ...agreements.map((agreement) => [
    ...[agreement.device, agreement.part, agreement.precision],
    ...[agreement.distance?.toPrecision(2) ?? "-", String(agreement.tolerance), verdict(agreement)],
  ]),
]);
const models = flags.models.split(",") as SpeedModel[];
const speedOptions = { models, batches: flags.batches.split(",").map(Number), steps: Number(flags.steps), timeoutMs };
const speeds = await collect(measureSpeed(working, { ...speedOptions, side }), "speed");
printTable([
  ["device", "model", "size", "precision", "checkpointing", "batch", "first", "s/step", "samples/s", "GPU", "host", ""],
  ...speeds.map(speedRow),
]);
console.log(`Every result is in ${path.join(folder, "devices.jsonl")}, the pictures are beside it.`);
if (agreements.some((agreement) => verdict(agreement) === tooFar)) process.exitCode = 1;

/** The requested devices that work; prints why others do not. */
async function workingDevices(): Promise<DeviceName[]> {
  for (const report of await probeDevices()) {
    keep("device", report);
    const { device, rate, problem } = report;
    console.log(`${device.padEnd(8)}${problem ?? `${Math.round(rate! / 1e9)} GFLOP/s in a large convolution`}`);
  }
  console.log("");
  const found: DeviceName[] = [];
  for (const device of asked) {
    try {
      await requireDevice(device);
      found.push(device);
    } catch (error) {
      if (!(error instanceof CoinageError)) throw error;
      keep("device", { device, problem: error.message });
      console.log(`${formatError(error)}\n`);
    }
  }
  return found;
}

async function collect<Result extends object>(results: AsyncIterable<Result>, kind: string): Promise<Result[]> {
  const all: Result[] = [];
  for await (const result of results) {
    keep(kind, result);
    process.stderr.write(
      `${Object.values(result)
        .filter((value) => typeof value !== "object")
        .join(" ")}\n`,
    );
    all.push(result);
  }
  return all;
}

function verdict({ distance, tolerance, problem }: Agreement): string {
  if (distance === undefined) return problem ?? "";
  return distance <= tolerance ? "ok" : tooFar;
}

function speedRow({ times, gpuBytes, problem = "", ...what }: Speed): string[] {
  const { device, model, side, precision, gradientCheckpointing, batch } = what;
  return [
    ...[device, model, String(side), precision, gradientCheckpointing ? "yes" : "no", String(batch)],
    ...(times
      ? [seconds(times.firstSeconds), seconds(times.secondsPerStep), times.samplesPerSecond.toFixed(2)]
      : ["-", "-", "-"]),
    ...[gpuBytes === undefined ? "-" : gigabytes(gpuBytes), times ? gigabytes(times.peakBytes) : "-", problem],
  ];
}
