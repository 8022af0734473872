import { CoinageError, formatError, machineProblem } from "../../errors/index.ts";
import type { Checked, TrainSettings } from "../../options/index.ts";
import { type Reporter, type Terminal, trainingReport } from "../../reporters/index.ts";
import { type Outcome, type ProblemData, type RunPlaces, RunSession, SourceNotes } from "../../runs/index.ts";
import type { TrainingEvent } from "../../training/index.ts";
import type { ExitCode } from "../output.ts";
import { packageVersion, program } from "../program.ts";
import { consoleLog } from "./console-log.ts";
import { holdRun, type RunCall } from "./folder.ts";
import { reportersOf, teach } from "./teach.ts";

interface Surroundings {
  readonly call: RunCall;
  /** The given command line. */
  readonly words: readonly string[];
  /** Terminal for messages, by the console settings. */
  readonly screen: Terminal;
  /** Terminal for answers to Ctrl-C. */
  readonly terminal: Terminal;
}

/** Trains a run with a folder: writes all events there, and carries out the commands found there. */
export async function teachInFolder(
  { settings: given, warnings }: Checked<TrainSettings>,
  { call, words, screen, terminal }: Surroundings,
): Promise<ExitCode> {
  const run = await holdRun(given, call.existing, words);
  const { places, record, settings } = run;
  const log = consoleLog(places.console, terminal);
  const told = watchedOutcome();
  const sources = new SourceNotes();
  try {
    const session = await RunSession.open(places, record, packageVersion());
    try {
      const id = record.id;
      for (const line of openingLines(run)) for (const one of [screen, log]) one?.talk(`${line}\n`);
      const caller = { program: program(), words: ["train", "--run", id] };
      const reporters: Reporter<TrainingEvent>[] = [
        { report: (event) => session.report(event), close: () => {} },
        told.reporter,
        seedKeeper(run.writeConfig),
        sourceKeeper(places, sources),
        ...reportersOf(settings, caller, screen),
        ...(log ? [trainingReport(log, { settings, caller })] : []),
      ];
      const code = await teach({ settings, warnings }, reporters, terminal, session);
      await session.close(told.outcome());
      return code;
    } catch (error) {
      const problem = error instanceof CoinageError ? error : machineProblem(error);
      log?.talk(`${problem ? formatError(problem) : error instanceof Error ? error.stack : String(error)}\n`);
      await session.close("failed", problemData(problem ?? error));
      throw error;
    }
  } finally {
    await sources.end();
    await run.lock.release();
  }
}

function openingLines({ places, settings, beginsAgain }: Awaited<ReturnType<typeof holdRun>>): string[] {
  return [
    `run: ${places.folder}`,
    ...(settings.resume === undefined ? [] : [`continued from ${settings.resume}`]),
    ...(beginsAgain ? ["no state was saved before it ended, so the run begins again"] : []),
  ];
}

/** Watches how a run without error ends. */
function watchedOutcome(): { readonly reporter: Reporter<TrainingEvent>; readonly outcome: () => Outcome } {
  let outcome: Outcome = "stopped";
  return {
    reporter: {
      report(event) {
        if (event.kind === "done") outcome = event.isInterrupted ? "stopped" : "done";
      },
      close() {},
    },
    outcome: () => outcome,
  };
}

/** Adds the drawn seed to the settings that repeat the run. */
function seedKeeper(writeConfig: (seed: number) => Promise<void>): Reporter<TrainingEvent> {
  return {
    report(event) {
      // a failure only leaves the seed out
      if (event.kind === "start") writeConfig(event.run.seed).catch(() => {});
    },
    close() {},
  };
}

/** Records the run's model and images once they are open. */
function sourceKeeper(places: RunPlaces, sources: SourceNotes): Reporter<TrainingEvent> {
  return {
    report(event) {
      if (event.kind !== "start") return;
      const { model, dataset } = event.run;
      const folders = dataset.datasets.flatMap(({ subsets }) => subsets.map(({ directory }) => directory));
      sources.begin(places, { model, folders });
    },
    close() {},
  };
}

function problemData(error: unknown): ProblemData {
  if (!(error instanceof CoinageError)) return { code: "BUG", message: String(error) };
  const { code, message, where, hint } = error;
  return { code, message, where, hint };
}
