import { type ChildProcess, spawn } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { readTrainRecord } from "../../options/index.ts";
import { isUnderWay, type RunPlaces, readRun } from "../../runs/index.ts";
import { openInside } from "../disk/names.ts";
import type { Caller } from "../runs/start.ts";

const ending = ".report.html";

/** The name of a run's last report in its folder of checkpoints; undefined if there is none. Earlier ones were renamed to `-old1`. */
async function reportOf({ checkpoints }: RunPlaces): Promise<string | undefined> {
  const names = (await readdir(checkpoints).catch(() => [])).filter(
    (name) => name.endsWith(ending) && !name.startsWith("."),
  );
  const dated = await Promise.all(
    names.map(async (name) => ({
      name,
      at: (await stat(path.join(checkpoints, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  return dated.sort((a, b) => b.at - a.at)[0]?.name;
}

/** Content policy of reports: they may show only themselves and their embedded images, load nothing, and have no origin. */
export const reportPolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "sandbox",
].join("; ");

/** The page of a run's report. @throws FILE_NOT_FOUND */
export async function readReport(places: RunPlaces): Promise<Uint8Array> {
  const name = await reportOf(places);
  if (name === undefined)
    throw new CoinageError("FILE_NOT_FOUND", "The run has no report yet.", {
      hint: "Make one: it takes about as long as ten images.",
    });
  const handle = await openInside(places.checkpoints, name);
  return handle.readFile().finally(() => handle.close());
}

/** The arguments of `coinage report` that make the report of a run. @throws RUN_BUSY, FILE_NOT_FOUND, any error in the settings */
async function reportWords(places: RunPlaces, trained: readonly number[] | undefined): Promise<string[]> {
  const { state, file, id } = await readRun(places);
  if (state !== undefined && isUnderWay(state))
    throw new CoinageError("RUN_BUSY", `The run ${id} is under way.`, {
      hint: "Its report is made of what it has learned: wait for its end, or stop it.",
    });
  if (file === undefined)
    throw new CoinageError("FILE_NOT_FOUND", "The run has saved no embedding that could be reported on.", {
      hint: "Go on with the run: it saves one at its end.",
    });
  const { settings } = await readTrainRecord({ configFile: places.config, outputDir: places.checkpoints });
  const { pretrainedModelNameOrPath, vae, vParameterization, useStyleTemplate, clipSkip, threads, device } = settings;
  const given = (flag: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${flag}`, String(value)];
  return [
    // the folder may have been moved since the file was written
    ...["report", path.join(places.checkpoints, path.basename(file))],
    ...given("ckpt", pretrainedModelNameOrPath),
    ...given("vae", vae),
    ...(vParameterization ? ["--v_parameterization"] : []),
    ...given("init_word", settings.initWord),
    ...given("events", places.journal),
    ...(useStyleTemplate ? ["--style"] : []),
    ...given("resolution", (trained ?? settings.resolution)?.join(",")),
    ...given("clip_skip", clipSkip),
    ...given("device", device),
    ...given("threads", threads),
  ];
}

/** Makes the report of a run with the command line, in a process of its own that ends with the studio. trained: width and height of its images if known, since
 *  a dataset config may set them.
 *  @throws RUN_BUSY, FILE_NOT_FOUND, REPORT_FAILED */
export async function makeReport(
  places: RunPlaces,
  trained: readonly number[] | undefined,
  { caller, end }: { readonly caller: Caller; readonly end: AbortSignal },
): Promise<void> {
  const words = [...caller.words, ...(await reportWords(places, trained))];
  const child = spawn(caller.command, words, {
    stdio: ["ignore", "ignore", "pipe"],
    signal: end,
    killSignal: "SIGKILL",
  });
  const { said, how } = await ended(child);
  if (how === 0) return;
  const lines = said.trim().split("\n");
  const last = lines.findLastIndex((line) => /^[A-Z_]+ {2}/.test(line));
  const [message, ...more] = last < 0 ? [`its process ended with ${how}.`] : lines.slice(last);
  throw new CoinageError("REPORT_FAILED", `The report was not made: ${message}`, {
    hint: more.map((line) => line.trim()).join(" ") || "Try again; coinage report FILE in a terminal tells more.",
  });
}

/** Most characters kept of a process's stderr. */
const mostSaid = 4000;

/** How a process ended, and the end of its stderr. */
function ended(child: ChildProcess): Promise<{ readonly said: string; readonly how: number | string }> {
  let said = "";
  child.stderr?.on("data", (text: Buffer) => {
    said = `${said}${text}`.slice(-mostSaid);
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ said, how: error.message }));
    child.on("close", (code, signal) => resolve({ said, how: code ?? signal ?? "no code" }));
  });
}
