import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { reportData } from "../../test/report-data.ts";
import { recordingTerminal } from "../../test/terminal.ts";
import { encodeReport } from "../report/data.ts";
import { runCommandLine } from "./run.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-report-command-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function run(...argv: readonly string[]) {
  const terminal = recordingTerminal();
  const code = await runCommandLine(["report", ...argv], terminal);
  return { code, results: terminal.results(), talked: terminal.talked() };
}

test("report renders the report beside a file, says the verdict and prints the page's name", async () => {
  const file = path.join(work, "mycat.report.json");
  writeFileSync(file, encodeReport(reportData()));
  const page = path.join(work, "mycat.report.html");
  const { code, results, talked } = await run(file, "--no_images");
  expect([code, results]).toEqual([0, `${page}\n`]);
  expect(talked).toContain("Learned: the evaluation loss is 21.0 % ± 3.4 % lower than at the start.");
  expect(talked).toContain("so no images were drawn.");
  expect(readFileSync(page, "utf8")).toContain("<h1>mycat</h1>");
  // the page's path also names the report
  rmSync(page);
  expect((await run(page, "--no_images")).code).toBe(0);
  expect(existsSync(page)).toBe(true);
});

test("report explains itself, and what is wrong with its flags", async () => {
  expect((await run("--help")).results).toMatch(/^Usage: coinage report FILE \[FLAGS\]\n/);
  for (const [words, message] of [
    [[], "report needs one file."],
    [["a.pt", "b.pt"], "report needs one file."],
    [["a.pt", "--init_wort", "cat"], "Did you mean --init_word?"],
    [["a.pt", "--device", "gpu"], 'Unknown device "gpu".'],
    [["a.pt", "--resolution", "big"], "--resolution takes a size like 512 or 512,768"],
    [["a.pt", "--clip_skip", "0"], "--clip_skip takes a whole number from 1 on"],
  ] as const) {
    const { code, talked } = await run(...words);
    expect([code, talked]).toEqual([2, expect.stringContaining(message)]);
  }
  const { code, talked } = await run(path.join(work, "nothing.pt"));
  expect([code, talked]).toEqual([1, expect.stringContaining("FILE_NOT_FOUND")]);
});
