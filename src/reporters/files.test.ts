import { execFileSync } from "node:child_process";
import { constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { recordingTerminal } from "../../test/terminal.ts";
import { jsonLinesReporter, reportAll } from "./reporter.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-reporters-"));
afterAll(() => rmSync(folder, { recursive: true }));

const epoch = { kind: "epoch", epoch: 1, epochs: 1, loss: 0.5 } as const;

describe("JSON lines", () => {
  test("are written as things happen, without pixels", () => {
    const file = path.join(folder, "deep", "events.jsonl");
    const reporter = jsonLinesReporter(file);
    const lines = (): unknown[] =>
      readFileSync(file, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
    reporter.report(epoch);
    expect(lines()).toEqual([epoch]);
    reporter.report({ kind: "image", picture: { width: 1, data: new Uint8Array(3) }, loss: Number.NaN });
    reporter.close();
    expect(lines()).toEqual([epoch, { kind: "image", picture: { width: 1 }, loss: null }]);
  });

  test("need a file that can be written", () => {
    writeFileSync(path.join(folder, "plain"), "");
    const file = path.join(folder, "plain", "events.jsonl");
    expect(() => jsonLinesReporter(file)).toThrow(expect.objectContaining({ code: "OUTPUT_UNWRITABLE" }));
  });
});

describe.runIf(process.platform !== "win32")("a pipe in the place of a log", () => {
  const pipe = path.join(folder, "pipe");
  test("is refused where nobody reads from it, and written to else", async () => {
    execFileSync("mkfifo", [pipe]);
    expect(() => jsonLinesReporter(pipe)).toThrow(
      expect.objectContaining({ code: "OUTPUT_UNWRITABLE", message: expect.stringContaining("ENXIO") }),
    );
    const reader = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const reporter = jsonLinesReporter(pipe);
    reporter.report(epoch);
    reporter.close();
    expect(JSON.parse(await reader.readFile("utf8"))).toEqual(epoch);
    await reader.close();
  });
});

describe("reporters", () => {
  test("are all told everything, and closed even when the run fails", async () => {
    const heard: unknown[] = [];
    const reporter = { report: (event: number) => heard.push(event), close: () => heard.push("closed") };
    expect(await reportAll(numbers(false), [reporter], recordingTerminal())).toBe(2);
    await expect(reportAll(numbers(true), [reporter], recordingTerminal())).rejects.toThrow("broken");
    expect(heard).toEqual([1, 2, "closed", 1, 2, "closed"]);
  });

  test.runIf(existsSync("/dev/full"))(
    "that can no longer write name their file and hinder neither the run nor each other",
    async () => {
      const heard: number[] = [];
      const terminal = recordingTerminal();
      const listener = { report: (event: object) => heard.push(Object.keys(event).length), close: () => {} };
      const events = (async function* () {
        yield* [epoch, { last: true }];
      })();
      expect(await reportAll<object>(events, [jsonLinesReporter("/dev/full"), listener], terminal)).toEqual({
        last: true,
      });
      expect(heard).toEqual([4, 1]);
      expect(terminal.talked()).toBe(
        "\nwarning: /dev/full cannot be written: the disk is full (ENOSPC). The run continues without this log.\n",
      );
    },
  );

  test("do not hide a defect of their own, which ends no run", async () => {
    const heard: number[] = [];
    const other = { report: (event: number) => void heard.push(event), close: () => {} };
    const broken = {
      report: () => {
        throw new TypeError("broken");
      },
      close: () => {},
    };
    const reporters = [broken, other];
    await expect(reportAll(numbers(false), reporters, recordingTerminal())).rejects.toThrow(TypeError);
    expect(heard).toEqual([1, 2]);
  });
});

async function* numbers(fails: boolean): AsyncGenerator<number> {
  yield* [1, 2];
  if (fails) throw new Error("broken");
}
