import { arrayOf } from "../array/index.ts";
import { add, input, scalar } from "../graph/index.ts";
import type { Trial, TrialDepth } from "./devices.ts";
import { measureRate, selfCheck } from "./probe.ts";
import { type DeviceName, openRuntime, type Runtime } from "./runtime.ts";

/** Tries one device and prints a Trial as JSON: see tryDevice in devices.ts.
 *  usage: trial-process DEVICE start|numbers */
const [device, depth] = process.argv.slice(2) as [DeviceName, TrialDepth];
const runtime = openRuntime({ device });
let trial: Trial;
try {
  trial = depth === "start" ? await start(runtime) : await measure(runtime);
} catch (error) {
  trial = { problem: error instanceof Error ? error.message : String(error) };
}
await runtime.close();
process.stdout.write(JSON.stringify(trial));

/** Runs the smallest possible graph. */
async function start(runtime: Runtime): Promise<Trial> {
  const program = await runtime.load({ y: add(input("x", "float32", [1]), scalar(1)) });
  const { y } = await program.run({ x: arrayOf([1], [1]) });
  return y?.data[0] === 2 ? {} : { problem: `it computes 1 + 1 = ${y?.data[0]}` };
}

async function measure(runtime: Runtime): Promise<Trial> {
  const check = [...(await selfCheck(runtime))];
  return { check, rate: (await measureRate(runtime)).convolution };
}
