import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { recordingTerminal } from "../../test/terminal.ts";
import { generationReport } from "./generation-report.ts";
import { openConsole, processTerminal } from "./terminal.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-console-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Settings = Parameters<typeof openConsole>[1];
const settings = (more: Partial<Settings> = {}): Settings => ({
  consoleLogLevel: undefined,
  consoleLogFile: undefined,
  consoleLogSimple: false,
  ...more,
});

/** Draws a picture before a screen, with a warning. */
function draw(more: Partial<Settings>) {
  const terminal = recordingTerminal({ isInteractive: true, hasColor: true });
  const { terminal: asked, close } = openConsole(terminal, settings(more));
  const report = generationReport(asked);
  report.report({ kind: "start", device: "cpu", pictures: undefined, batches: undefined, folder: "/out" });
  report.report({ kind: "asking" });
  report.report({ kind: "warning", code: "X", message: "odd" });
  report.report({
    kind: "saved",
    file: "/out/1.png",
    picture: 1,
    pictures: 1,
    stage: "final",
    prompt: "a star",
    seed: 7,
  });
  report.report({ kind: "done", files: ["/out/1.png"], folder: "/out", seconds: 1 });
  report.close();
  close();
  return { talked: terminal.talked(), results: terminal.results() };
}

const warning = "\x1b[33mwarning X: odd\x1b[39m\n";

test.each([undefined, "DEBUG", "INFO"] as const)("level %s tells everything", (consoleLogLevel) => {
  const { talked } = draw({ consoleLogLevel });
  expect(talked).toContain("cpu");
  expect(talked).toContain(warning);
});

test("level WARNING tells warnings only; questions and results stay", () => {
  expect(draw({ consoleLogLevel: "WARNING" })).toEqual({ talked: `prompt: ${warning}`, results: "/out/1.png\n" });
});

test.each(["ERROR", "CRITICAL"] as const)("level %s leaves questions and results", (consoleLogLevel) => {
  expect(draw({ consoleLogLevel })).toEqual({ talked: "prompt: ", results: "/out/1.png\n" });
});

test("simple is without colour and without lines that are written over", () => {
  const { talked } = draw({ consoleLogSimple: true });
  expect(talked).toContain("warning X: odd\n");
  for (const sign of ["\r", "\x1b"]) expect(talked).not.toContain(sign);
});

test("a log file takes what is told and begins empty", () => {
  const consoleLogFile = path.join(folder, "deep", "log.txt");
  for (const _ of ["first run", "second run"])
    expect(draw({ consoleLogFile, consoleLogLevel: "WARNING" })).toEqual({
      talked: "prompt: ",
      results: "/out/1.png\n",
    });
  expect(readFileSync(consoleLogFile, "utf8")).toBe("warning X: odd\n");
});

test("a log file that cannot be made is an error", () => {
  writeFileSync(path.join(folder, "plain"), "");
  const consoleLogFile = path.join(folder, "plain", "log.txt");
  expect(() => openConsole(recordingTerminal(), settings({ consoleLogFile }))).toThrow(
    expect.objectContaining({ code: "OUTPUT_UNWRITABLE", where: `--console_log_file ${consoleLogFile}` }),
  );
});

test.runIf(existsSync("/dev/full"))("a full disk sends what is told back to the terminal", () => {
  const terminal = recordingTerminal();
  const { terminal: asked, close } = openConsole(terminal, settings({ consoleLogFile: "/dev/full" }));
  asked.talk("one\n");
  asked.talk("two\n");
  close();
  expect(terminal.talked()).toBe(
    "warning: /dev/full can no longer be written; messages are shown here instead.\none\ntwo\n",
  );
});

test("a warning that quotes a stranger's file is shown in our colour, and what it quotes is not obeyed", () => {
  const terminal = recordingTerminal({ isInteractive: true, hasColor: true });
  generationReport(terminal).report({ kind: "warning", code: "X", message: '"\x1b[2J\u202e" is odd' });
  expect(terminal.talked()).toBe('\x1b[33mwarning X: "\\u001b[2J\\u202e" is odd\x1b[39m\n');
});

const { stderr } = process;
const own = Object.getOwnPropertyDescriptor(stderr, "columns");
afterEach(() => {
  if (own) Object.defineProperty(stderr, "columns", own);
  else Reflect.deleteProperty(stderr, "columns");
});

test.each([
  [0, 80],
  [undefined, 80],
  [40, 40],
])("a terminal that claims %s columns is taken to have %i", (claimed, taken) => {
  Object.defineProperty(stderr, "columns", { value: claimed, configurable: true, writable: true });
  expect(processTerminal().columns()).toBe(taken);
});
