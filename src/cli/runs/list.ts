import { durationText } from "../../errors/index.ts";
import type { Terminal } from "../../reporters/index.ts";
import { isUnderWay, listRuns, type RunRow, runsFolder } from "../../runs/index.ts";
import { commands } from "../commands.ts";
import { readFlags } from "../flags.ts";
import { type ExitCode, exitCodes } from "../output.ts";
import { asCalled } from "../program.ts";

const help = `Usage: coinage ${commands.runs.usage}
Lists the runs of coinage train --run, the newest first: id, state, step, loss, time left. A failed run says why. A run is lost when its process is gone
without a word: the likely cause and its last words are shown, and how to go on.

  --json            one line of JSON per run
  --runs_dir DIR    the folder of all runs. Default: runs in the folder that COINAGE_HOME names, or in coinage in the home folder
`;

/** `coinage runs [--json]` */
export async function runsCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values } = readFlags(commands.runs.usage, words, {
    json: { type: "boolean" },
    runs_dir: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  const root = runsFolder(process.env, values.runs_dir);
  const rows = await listRuns(root);
  if (rows.length === 0) terminal.talk(asCalled(`No runs in ${root}. coinage train --run NAME begins one.\n`));
  const width = Math.max(...rows.map(({ id }) => id.length));
  for (const row of rows) terminal.result(`${values.json ? JSON.stringify(row) : linesOf(row, width).join("\n")}\n`);
  return exitCodes.done;
}

/** "2026-11-22_1432_mycat  running   step 310/500, loss 0.1120, 4 min left", with problems on the lines below. */
function linesOf(row: RunRow, width: number): string[] {
  const { id, state, problem, cause, lastWords } = row;
  const line = `${id.padEnd(width)}  ${(state ?? "unknown").padEnd(8)}  ${standing(row)}`.trimEnd();
  return [
    line,
    ...(problem ? [`  ${problem.code}  ${problem.message}`] : []),
    ...(state === "lost" ? [`  ${cause}`, ...lastWords.slice(-3).map((said) => `  | ${said}`)] : []),
    ...(state === "lost" || state === "stopped" ? [asCalled(`  Continue: coinage train --run ${id}`)] : []),
  ];
}

function standing({ state, step, steps, averageLoss, remainingSeconds }: RunRow): string {
  const left = state && isUnderWay(state) && remainingSeconds !== undefined;
  return [
    ...(step === undefined ? [] : [`step ${step}${steps === undefined ? "" : `/${steps}`}`]),
    ...(typeof averageLoss === "number" ? [`loss ${averageLoss.toFixed(4)}`] : []),
    ...(left ? [`${durationText(remainingSeconds)} left`] : []),
  ].join(", ");
}
