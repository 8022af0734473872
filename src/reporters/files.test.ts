import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { maskedCrc32c } from "../formats/tfevents/index.ts";
import type { TrainingEvent } from "../training/index.ts";
import { jsonLinesReporter } from "./json-lines.ts";
import { reportAll } from "./reporter.ts";
import { logFolder, tensorboardReporter, wantsTensorboard } from "./tensorboard.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-reporters-"));
afterAll(() => rmSync(folder, { recursive: true }));

const epoch = { kind: "epoch", epoch: 1, epochs: 1, loss: 0.5 } as const;
const step = { kind: "step", step: 3, loss: 0.25, lr: 1, nextLr: 0.125, dTimesLr: 2 } as TrainingEvent;

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

describe("TensorBoard", () => {
  const settings = { loggingDir: folder, logWith: undefined, logPrefix: "cats_", logTrackerName: undefined };
  const start = new Date(2024, 0, 2, 3, 4, 5);

  test("logs lie where sd-scripts puts them", () => {
    expect(logFolder(settings, start)).toBe(path.join(folder, "cats_20240102030405", "textual_inversion"));
    expect(logFolder({ ...settings, logPrefix: undefined, logTrackerName: "t" }, start)).toBe(
      path.join(folder, "20240102030405", "t"),
    );
    expect(wantsTensorboard(settings)).toBe(true);
    expect(wantsTensorboard({ ...settings, loggingDir: undefined })).toBe(false);
    expect(wantsTensorboard({ ...settings, logWith: "wandb" })).toBe(false);
  });

  test("logs are whole records of sd-scripts' scalars", () => {
    const reporter = tensorboardReporter(settings, start);
    reporter.report(step);
    reporter.report(epoch);
    reporter.close();
    const at = logFolder(settings, start);
    const [name = ""] = readdirSync(at);
    expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
    const records = recordsOf(readFileSync(path.join(at, name))).map((record) =>
      Buffer.from(record).toString("latin1"),
    );
    expect(records).toHaveLength(3);
    expect(records[0]).toContain("brain.Event:2");
    expect(records[1]).toContain(`loss\x15${float(0.25)}`);
    // the rate of the next step
    expect(records[1]).toContain(`lr\x15${float(0.125)}`);
    expect(records[1]).toContain(`lr/d*lr\x15${float(2)}`);
    expect(records[2]).toContain(`loss/epoch\x15${float(0.5)}`);
  });
});

describe("reporters", () => {
  test("are all told everything, and closed even when the run fails", async () => {
    const heard: unknown[] = [];
    const reporter = { report: (event: number) => heard.push(event), close: () => heard.push("closed") };
    async function* numbers(fails: boolean): AsyncGenerator<number> {
      yield* [1, 2];
      if (fails) throw new Error("broken");
    }
    expect(await reportAll(numbers(false), [reporter])).toBe(2);
    await expect(reportAll(numbers(true), [reporter])).rejects.toThrow("broken");
    expect(heard).toEqual([1, 2, "closed", 1, 2, "closed"]);
  });
});

function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc32c(data));
    records.push(data);
    at += length + 16;
  }
  return records;
}

function float(value: number): string {
  return Buffer.from(Float32Array.of(value).buffer).toString("latin1");
}
