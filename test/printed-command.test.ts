import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type GenerationRunEvent, generateFromSettings } from "../src/generation/index.ts";
import { checkGenerateSettings, parseGenerateArguments } from "../src/options/index.ts";
import { trainingReport } from "../src/reporters/index.ts";
import { doneEvent } from "../src/training/output/saving.ts";
import { openInputs } from "../src/training/setup/inputs.ts";
import { type OpenRun, openRun } from "../src/training/setup/open-run.ts";
import { recordingTerminal } from "./terminal.ts";
import { trainingFolder } from "./training-run.ts";

const { work, settingsFor } = trainingFolder();
let run: OpenRun;
let written: string;

beforeAll(async () => {
  const settings = await settingsFor("--num_vectors_per_token", "2");
  run = await openRun(settings, await openInputs(settings));
  const { path: file } = await run.files.writeEmbedding({ kind: "final" });
  written = file!;
});

/** The command for drawing that a run prints, split as by a shell. */
function printedWords(file: string): string[] {
  const terminal = recordingTerminal();
  const caller = { program: "coinage", words: [] };
  trainingReport(terminal, { settings: run.settings, caller }).report(doneEvent(run, file, undefined));
  const [, command = ""] =
    /Generate images with it:\n\s+coinage generate ([\s\S]*)\nOr copy/.exec(terminal.talked()) ?? [];
  const split = execFileSync("sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8" });
  return split.split("\0").slice(0, -1);
}

// Windows' shells are not tried; Windows also cannot save some of the names
describe.skipIf(process.platform === "win32")("the command that a run ends with works as printed", () => {
  test.each([
    ...["vexla", "last", "cat", "ploofa (1)", "ploofa[v2]", "(x:1.2.3)", "a:1.5)", "a\\b", "{a|b}", "\\{a", "a=b"],
    ...["BREAK", "AND", "Rock AND Roll", "BREAKfast", "x --n y", "my cat", " lead", "trail ", "a\nb", "#1", "-x"],
    ...["it's", 'q"uote', "$HOME", "`id`", "100% wool!", "猫", "UPPER", "UPPER (1)", "<lora>", "a.b-c_d", "; ls"],
    ...["v! x", "=v", "~", "back\\", "&amp;", "v --d 1", "vexla,", " vexla ", "a photo of v", ".vexla"],
  ])("for a file named %j", async (name) => {
    const file = path.join(work, `${name}.safetensors`);
    if (file !== written) copyFileSync(written, file);
    const line = [...printedWords(file), "--outdir", path.join(work, "out"), "--threads", "1"];
    const { settings } = checkGenerateSettings(parseGenerateArguments(line));
    const events: GenerationRunEvent[] = [];
    for await (const event of generateFromSettings({ settings, warnings: [] })) {
      events.push(event);
      if (event.kind === "start") break;
    }
    expect(events.map(({ kind }) => kind)).toEqual(["model", "embedding", "start"]);
  });
});
