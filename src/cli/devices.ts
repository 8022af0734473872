import type { Terminal } from "../reporters/index.ts";
import { probeDevices } from "../runtime/index.ts";
import { commands } from "./commands.ts";
import { readFlags } from "./flags.ts";
import { type ExitCode, exitCodes } from "./output.ts";
import { asCalled } from "./program.ts";

const help = `Usage: coinage ${commands.devices.usage}
Tests every device of this machine: whether it starts, whether its results equal the CPU's, and how fast it is.
A run uses the fastest that works (--device auto), or the one given by --device.

  --json   one line of JSON per device
`;

/** `coinage devices [--json]` */
export async function devicesCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values } = readFlags(commands.devices.usage, words, {
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  for (const report of await probeDevices()) {
    const { device, rate, problem } = report;
    const found = problem ?? `works, ${Math.round(rate! / 1e9)} GFLOP/s in a large convolution`;
    terminal.result(`${values.json ? JSON.stringify(report) : `${device.padEnd(8)}${found}`}\n`);
  }
  return exitCodes.done;
}
