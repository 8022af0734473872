import { sharedSteps } from "../cluster/index.ts";
import { CoinageError, plural } from "../errors/index.ts";
import { helpText, readTrainRequest } from "../options/index.ts";
import { planText, type Terminal } from "../reporters/index.ts";
import { planTraining } from "../training/index.ts";
import { commands } from "./commands.ts";
import { type ExitCode, exitCodes } from "./output.ts";
import { asCalled } from "./program.ts";

const help = `Usage: coinage ${commands.plan.usage}
Estimates how much memory and time training with these flags would take, and compares other settings. Nothing is trained or written;
a model on the hub is downloaded.

  --json        one line of JSON
  --workers N   what sharing the run (--queue) among up to N workers as fast as this machine would bring
  FLAGS         those of coinage train
`;

/** `coinage plan FLAGS [--json]` */
export async function planCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { workers, rest } = withoutWorkers(words);
  const flags = rest.filter((word) => word !== "--json");
  const request = await readTrainRequest(flags, "plan");
  if (request.kind === "help") {
    terminal.result(asCalled(`${help}\n${helpText("train", terminal.columns())}\n`));
    return exitCodes.done;
  }
  for (const { message } of request.warnings) terminal.talk(`warning: ${message}\n`, "warning");
  if (request.kind === "settingsWritten") {
    terminal.result(`${request.file}\n`);
    return exitCodes.done;
  }
  const planned = await planTraining(request.settings);
  for (const { message } of planned.warnings) terminal.talk(`warning: ${message}\n`, "warning");
  const { gradientAccumulationSteps, clusterSplit } = request.settings;
  const jobs = gradientAccumulationSteps * clusterSplit;
  const shared = workers === undefined ? undefined : sharedSteps(planned.secondsPerStep, jobs, workers);
  const isJson = flags.length < rest.length;
  const lines = isJson
    ? [JSON.stringify({ ...planned, ...(shared && { shared }) })]
    : [...planText(planned), ...(shared ? sharedText(shared, jobs) : [])];
  terminal.result(`${lines.join("\n")}\n`);
  return exitCodes.done;
}

/** Separates --workers, which is not a flag of train. @throws USAGE */
function withoutWorkers(words: readonly string[]): { readonly workers: number | undefined; readonly rest: string[] } {
  const at = words.indexOf("--workers");
  if (at < 0) return { workers: undefined, rest: [...words] };
  const text = words[at + 1] ?? "";
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new CoinageError("USAGE", `--workers expects a number from 1 to 9999, not "${text}".`, {
      hint: `Usage: coinage ${commands.plan.usage}`,
    });
  return { workers: Number(text), rest: words.toSpliced(at, 2) };
}

function sharedText(shared: ReturnType<typeof sharedSteps>, jobs: number): string[] {
  return [
    "",
    `shared among workers as fast as this machine, in a network of 1 Gbit/s, ${plural(jobs, "job")} a step:`,
    ...shared.map(
      ({ workers, seconds, speedup }) =>
        `  ${plural(workers, "worker").padEnd(12)} ${seconds.toPrecision(3)} s a step, ${speedup.toFixed(1)} times as fast as without`,
    ),
    ...(shared.at(-1)!.workers > jobs
      ? [
          `More than ${jobs} would have nothing to do: a job is a micro-batch, or a part of one with --cluster_split, and a step has --gradient_accumulation_steps of them.`,
        ]
      : []),
    "For one word, 4 to 8 samples in a step are a good measure; many more teach little that they do not.",
  ];
}
