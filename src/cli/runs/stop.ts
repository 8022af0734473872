import { CoinageError, nearestName } from "../../errors/index.ts";
import type { Terminal } from "../../reporters/index.ts";
import {
  follow,
  isPath,
  isUnderWay,
  listRuns,
  placesOf,
  type RunPlaces,
  type RunRow,
  readRun,
  runFolderOf,
  runsFolder,
  sendCommand,
} from "../../runs/index.ts";
import { commands } from "../commands.ts";
import { readFlags } from "../flags.ts";
import { type ExitCode, exitCodes } from "../output.ts";
import { asCalled } from "../program.ts";

const help = `Usage: coinage ${commands.stop.usage}
Stops a run of coinage train --run, from this terminal or another: it finishes the step under way, saves what it has learned with its state, and ends.
RUN is its id, its folder, or its name if only one run of that name is under way. Returns when the run has ended.

  --now             give up the step under way, and save what the steps before it have taught
  --runs_dir DIR    the folder of all runs. Default: runs in the folder that COINAGE_HOME names, or in coinage in the home folder
`;

/** How often to check that the run is still alive, in milliseconds. */
const lookMs = 1000;

/** `coinage stop RUN [--now]` */
export async function stopCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = readFlags(commands.stop.usage, words, {
    now: { type: "boolean" },
    runs_dir: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  const [run, ...others] = positionals;
  if (run === undefined || others.length > 0)
    throw new CoinageError("USAGE", run === undefined ? "Which run?" : "One run at a time.", {
      hint: "Usage: coinage stop RUN [--now]. coinage runs lists them.",
    });
  const row = await runToStop(runsFolder(process.env, values.runs_dir), run);
  if (row.problem && row.state === undefined)
    throw new CoinageError("RUN_UNREADABLE", row.problem.message, { where: row.folder });
  if (!row.state || !isUnderWay(row.state)) {
    terminal.talk(`${row.id} is not under way (${row.state}): there is nothing to stop.\n`);
    return exitCodes.done;
  }
  const isNow = values.now ?? false;
  const places = placesOf(row.folder);
  await sendCommand(places, { command: isNow ? "stopNow" : "stop" });
  terminal.talk(`${row.id} is stopping${isNow ? "" : " after the step under way"}.\n`);
  await untilEnded(places, row.seq);
  return tell(await readRun(places), terminal);
}

/** The run that a text means: by id or folder, else by name, a running one before the newest. @throws RUN_NOT_FOUND, RUN_AMBIGUOUS */
async function runToStop(root: string, run: string): Promise<RunRow> {
  const places = await runFolderOf(root, run);
  if (places) return readRun(places);
  const rows = isPath(run) ? [] : await listRuns(root);
  const named = rows.filter(({ name }) => name === run);
  const active = named.filter(({ state }) => state && isUnderWay(state));
  if (active.length > 1)
    throw new CoinageError("RUN_AMBIGUOUS", `${active.length} runs named "${run}" are under way.`, {
      where: `coinage stop ${run}`,
      hint: `Give the id: ${active.map(({ id }) => id).join(", ")}`,
    });
  const found = active[0] ?? named[0];
  if (found) return found;
  const near = nearestName(
    run,
    rows.flatMap(({ id, name }) => [id, name]),
  );
  throw new CoinageError("RUN_NOT_FOUND", `There is no run ${run} in ${root}.`, {
    where: `coinage stop ${run}`,
    hint: near ? `Did you mean ${near}?` : "coinage runs lists them. Only runs of coinage train --run can be stopped.",
  });
}

/** Waits until a run reports its end, or its process is gone. */
async function untilEnded(places: RunPlaces, afterSeq: number): Promise<void> {
  const gone = new AbortController();
  const look = setInterval(async () => {
    const { state } = await readRun(places);
    if (!state || !isUnderWay(state)) gone.abort();
  }, lookMs);
  try {
    for await (const { kind } of follow(places, afterSeq, { signal: gone.signal })) if (kind === "closed") return;
  } finally {
    clearInterval(look);
  }
}

function tell({ id, state, step, file, problem, cause }: RunRow, terminal: Terminal): ExitCode {
  const why = problem?.message ?? cause;
  terminal.talk(
    asCalled(
      [
        `${id}: ${state}${step === undefined ? "" : ` after step ${step}`}.${why === undefined ? "" : ` ${why}`}`,
        ...(state === "stopped" || state === "lost" ? [`Continue: coinage train --run ${id}`] : []),
        "",
      ].join("\n"),
    ),
  );
  if (file !== undefined && state !== "lost") terminal.result(`${file}\n`);
  return state === "stopped" || state === "done" ? exitCodes.done : exitCodes.error;
}
