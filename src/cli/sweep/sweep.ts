import { queueAccess, type RunQueue, runQueue } from "../../cluster/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { commandLine, reportAll, type Terminal } from "../../reporters/index.ts";
import { type Sweep, sweep } from "../../sweep/index.ts";
import { commands } from "../commands.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { type ExitCode, exitCodes } from "../output.ts";
import { asCalled, packageVersion, program } from "../program.ts";
import { sweepReport } from "./report.ts";

const help = `Usage: coinage ${commands.sweep.usage}
Trains the runs that a file describes, all combinations of what varies, and compares them: on this machine one after another, with --queue
each on one of many machines. Interrupted, it goes on where it was when it is called again.

  coinage sweep rates.toml
  coinage sweep rates.toml --output_dir rates --threads 4
  coinage sweep rates.toml --queue redis://coinage@192.168.1.10

  rates.toml:
    [train]                                  # flags of coinage train; config_file = "train.toml" above it reads more from there
    pretrained_model_name_or_path = "model.safetensors"
    resolution = 512
    max_train_steps = 400
    [axes]
    learning_rate = [1e-3, 5e-3]             # any flag
    seed = [1, 2, 3]
    [[axes.concept]]                         # flags that vary together
    token_string = "mycat"
    init_word = "cat"
    image_dir = "cat"
    [[axes.concept]]
    token_string = "mydog"
    init_word = "dog"
    image_dir = "dog"

  --output_dir FOLDER   for sweep.html, sweep.json and a folder for each run (default: coinage-sweep-NAME)
  --json                print the table as one line of JSON
  FLAGS                 those of coinage train, before what the file says of all runs
`;

/** `coinage sweep FILE` */
export async function sweepCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (words.some((word) => word === "--help" || word === "-h")) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  const [file, ...flags] = words.filter((word) => word !== "--json");
  if (file === undefined || file.startsWith("-"))
    throw new CoinageError("USAGE", "sweep begins with a file.", { hint: `Usage: coinage ${commands.sweep.usage}` });
  const isJson = words.includes("--json");
  const interrupt = listenForInterrupt(
    terminal,
    () => "Finishing the step and saving; press Ctrl-C again to quit at once.",
  );
  try {
    const events = sweep(file, flags, { signal: interrupt.signal, queueOf, version: packageVersion() });
    const last = await reportAll(events, [sweepReport(terminal, isJson)], terminal);
    if (last?.kind !== "table" || !last.isComplete)
      // with its flags: runs are identified by their settings
      terminal.talk(
        `Not all runs are done. This goes on:\n  ${commandLine({ program: program() }, ["sweep", ...words])}\n`,
      );
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    return last?.kind === "table" && last.isComplete ? exitCodes.done : exitCodes.error;
  } finally {
    interrupt.release();
  }
}

/** @throws as queueAccess */
function queueOf({ own }: Sweep): RunQueue | undefined {
  const url = own.get("queue");
  if (typeof url !== "string") return undefined;
  const ca = own.get("queue_ca");
  const isInsecure = own.get("queue_insecure") === true;
  return runQueue(queueAccess(url, { ca: typeof ca === "string" ? ca : undefined, isInsecure }, process.env));
}
