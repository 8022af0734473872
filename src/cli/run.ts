import { CoinageError, formatError, machineProblem } from "../errors/index.ts";
import type { Terminal } from "../reporters/index.ts";
import { type Command, type CommandName, overview } from "./commands.ts";
import { readInvocation } from "./invocation.ts";
import { type ExitCode, exitCodes, internalErrors, usageErrors } from "./output.ts";
import { asCalled, packageVersion } from "./program.ts";

/** Commands, loaded on demand since some import much. */
const loaders: Readonly<Record<CommandName, () => Promise<Command>>> = {
  train: async () => (await import("./train/train.ts")).trainCommand,
  generate: async () => (await import("./generate.ts")).generateCommand,
  inspect: async () => (await import("./inspect.ts")).inspectCommand,
  convert: async () => (await import("./convert.ts")).convertCommand,
  report: async () => (await import("./report.ts")).reportCommand,
  plan: async () => (await import("./plan.ts")).planCommand,
  devices: async () => (await import("./devices.ts")).devicesCommand,
  studio: async () => (await import("./studio/studio.ts")).studioCommand,
  runs: async () => (await import("./runs/list.ts")).runsCommand,
  stop: async () => (await import("./runs/stop.ts")).stopCommand,
  worker: async () => (await import("./cluster/worker.ts")).workerCommand,
  cluster: async () => (await import("./cluster/cluster.ts")).clusterCommand,
  sweep: async () => (await import("./sweep/sweep.ts")).sweepCommand,
  demo: async () => (await import("./demo.ts")).demoCommand,
};

/** Runs a command line and returns the exit code. Never throws. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    return await run(argv, terminal);
  } catch (error) {
    return explain(error, terminal);
  }
}

async function run(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [first, ...rest] = argv;
  if (first === "--version" || first === "-V") {
    terminal.result(`${packageVersion()}\n`);
    return exitCodes.done;
  }
  if (first === "help" && rest.length > 0) return run([...rest, "--help"], terminal);
  if (first === "--help" || first === "-h" || first === "help") {
    terminal.result(overview());
    return exitCodes.done;
  }
  if (first === undefined) {
    terminal.talk(overview());
    return exitCodes.usage;
  }
  const { command, words } = readInvocation(argv);
  const start = await loaders[command]();
  return start(words, terminal);
}

/** Explains mistakes of the user and refusals of the system; prints bugs with everything that helps to find them. */
function explain(error: unknown, terminal: Terminal): ExitCode {
  const problem = error instanceof CoinageError ? error : machineProblem(error);
  if (problem && !internalErrors.includes(problem.code)) {
    terminal.talk(asCalled(`${formatError(problem)}\n`));
    return usageErrors.includes(problem.code) ? exitCodes.usage : exitCodes.error;
  }
  const details = error instanceof Error ? error.stack : String(error);
  const versions = `coinage ${packageVersion()}, Node ${process.version}, ${process.platform} ${process.arch}`;
  terminal.talk(`${details}\n${versions}\nThis is a bug in coinage. Please report it with the lines above.\n`);
  return exitCodes.error;
}
