import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { recordingTerminal } from "../../test/terminal.ts";
import { jsonLinesReporter } from "./json-lines.ts";
import { reportAll } from "./reporter.ts";

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

describe("reporters", () => {
  test("are all told everything, and closed even when the run fails", async () => {
    const heard: unknown[] = [];
    const reporter = { report: (event: number) => heard.push(event), close: () => heard.push("closed") };
    expect(await reportAll(numbers(false), [reporter], recordingTerminal())).toBe(2);
    await expect(reportAll(numbers(true), [reporter], recordingTerminal())).rejects.toThrow("broken");
    expect(heard).toEqual([1, 2, "closed", 1, 2, "closed"]);
  });

  test("that can no longer write hinder neither the run nor each other", async () => {
    const heard: number[] = [];
    const unwritable = {
      report: () => void writeSync(1e9, "x"),
      close: () => {},
    };
    const terminal = recordingTerminal();
    const reporters = [unwritable, { report: (event: number) => heard.push(event), close: () => {} }];
    expect(await reportAll(numbers(false), reporters, terminal)).toBe(2);
    expect(heard).toEqual([1, 2]);
    expect(terminal.talked().match(/warning: A log cannot be written any more \(EBADF/g)).toHaveLength(1);
  });

  test("do not hide a defect of their own", async () => {
    const broken = {
      report: () => {
        throw new TypeError("broken");
      },
      close: () => {},
    };
    await expect(reportAll(numbers(false), [broken], recordingTerminal())).rejects.toThrow(TypeError);
  });
});

async function* numbers(fails: boolean): AsyncGenerator<number> {
  yield* [1, 2];
  if (fails) throw new Error("broken");
}
