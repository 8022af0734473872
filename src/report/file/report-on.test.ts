import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { reportData } from "../../../test/report-data.ts";
import { arrayOf } from "../../array/index.ts";
import { conceptsFolder, tinySdFolder } from "../../assets/index.ts";
import { writeEmbedding } from "../../embedding/index.ts";
import { decodeReport, encodeReport } from "../data.ts";
import { type ReportEvent, type ReportOptions, reportOnFile } from "./report-on.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-report-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const at = (name: string) => path.join(work, name);

/** A file with two vectors, as other programs write it. */
async function embedding(name: string, width = 96): Promise<string> {
  const values = Array.from({ length: 2 * width }, (_, i) => Math.sin(i + 1) / 20);
  const word = { vectors: [arrayOf([2, width], values)], token: "vexla", step: 40, metadata: {} };
  await writeEmbedding(at(name), word, { layout: "a1111", precision: undefined });
  return at(name);
}

async function eventsOf(file: string, options: ReportOptions = {}): Promise<ReportEvent[]> {
  const events: ReportEvent[] = [];
  for await (const event of reportOnFile(file, { device: "cpu", threads: 1, draws: false, ...options }))
    events.push(event);
  return events;
}

async function reportOn(file: string, options: ReportOptions = {}) {
  const last = (await eventsOf(file, { model: tinySdFolder, ...options })).at(-1)!;
  if (last.kind !== "report") throw new Error("no report was written");
  return last.report;
}

const refusal = (file: string, options: ReportOptions = {}) =>
  eventsOf(file, options).then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );

describe("the report of a file that has none", { timeout: 600_000 }, () => {
  test("tells what the file and its model tell, and draws what is asked for", async () => {
    const file = await embedding("vexla.pt");
    const report = await reportOn(file, { initWord: "ring", draws: true, prompts: ["a photo of a vexla"] });
    expect(readdirSync(work)).toEqual(expect.arrayContaining(["vexla.report.html", "vexla.report.json"]));
    expect(decodeReport(readFileSync(at("vexla.report.json"), "utf8"), "").word).toBe("vexla");
    expect(report).toMatchObject({ word: "vexla", tokens: ["vexla", "vexla1"], initWord: "ring", run: undefined });
    expect(report.rows.map(({ nearest, angle }) => [nearest.length, angle! > 0])).toEqual([
      [5, true],
      [5, true],
    ]);
    expect(report.drift!.against).toBe("“ring”");
    expect(report.verdict.kind).toBe("unmeasured");
    expect(report.strip.prompts).toEqual([{ template: "a photo of a {}", seed: 1 }]);
    expect(report.strip.columns.map(({ label, pictures }) => [label, pictures.length, pictures[0] !== null])).toEqual([
      ["start, “ring”", 1, true],
      ["last, step 40", 1, true],
    ]);
    expect(report.strip.columns[0]!.pictures[0]).not.toBe(report.strip.columns[1]!.pictures[0]);
    expect(report.strip.missing).toBeUndefined();
    // the second time it is rendered unchanged, without the model
    const again = await eventsOf(file, { draws: true });
    expect(again.map(({ kind }) => kind)).toEqual(["report"]);
  });

  test("has the curves of its run's events, and columns for what was saved at steps", async () => {
    const file = await embedding("steps.pt");
    for (const step of [10, 20, 30, 40]) await embedding(`steps-step000000${step}.pt`);
    const step = (number: number) => ({
      ...{ kind: "step", step: number, loss: number / 100, rowNorms: [1, 2], rowDistances: [3, 4] },
    });
    const evaluation = { kind: "evaluation", drop: 0, dropError: 0, itemLosses: [1] };
    const lines = [
      { kind: "start", run: { device: "cpu", steps: 50, initWord: "star" } },
      ...Array.from({ length: 40 }, (_, i) => step(i + 1)),
      { ...evaluation, step: 0, loss: 1 },
      { ...evaluation, step: 20, loss: 0.5, drop: 0.5 },
      { kind: "someday", step: "?" },
      { kind: "done", step: 40, seconds: 9, isInterrupted: true },
    ];
    writeFileSync(at("run.jsonl"), `${lines.map((line) => JSON.stringify(line)).join("\n")}\nnot JSON`);
    const report = await reportOn(file, { events: at("run.jsonl") });
    expect(report).toMatchObject({ initWord: "star", run: { steps: 40, plannedSteps: 50, isInterrupted: true } });
    expect(report.curves.steps).toHaveLength(40);
    expect(report.curves.norms).toEqual([Array(40).fill(1), Array(40).fill(2)]);
    expect(report.evaluations.map((one) => one.step)).toEqual([0, 20]);
    expect(report.strip.columns.map(({ label }) => label)).toEqual([
      ...["start, “star”", "step 10", "step 30", "last, step 40"],
    ]);
    expect(report.strip.missing).toBe("Images were not asked for, so no images were drawn.");
  });
});

test("a report whose model is gone is rendered again, with a warning", async () => {
  const data = reportData();
  const model = { ...data.model, source: at("gone.safetensors") };
  writeFileSync(at("mycat.report.json"), encodeReport({ ...data, model }));
  const events = await eventsOf(at("mycat.report.json"), { draws: true });
  expect(events.map(({ kind }) => kind)).toEqual(["warning", "report"]);
  expect(events[0]).toMatchObject({ message: expect.stringMatching(/No images are drawn: .*gone.*--ckpt MODEL\.$/) });
  expect(readFileSync(at("mycat.report.html"), "utf8")).toContain("<h1>mycat</h1>");
});

describe("a wrong turn has a code", () => {
  test("of what is given", async () => {
    const file = await embedding("wrong.pt");
    expect(await refusal(at("nothing.pt"))).toBe("FILE_NOT_FOUND");
    expect(await refusal(work)).toBe("FILE_UNREADABLE");
    expect(await refusal(file)).toBe("SETTINGS_MISSING");
    expect(await refusal(file, { model: at("nothing") })).toBe("FILE_NOT_FOUND");
    expect(await refusal(await embedding("sd1.pt", 768), { model: tinySdFolder })).toBe("EMBEDDING_WIDTH");
    const picture = path.join(conceptsFolder, "teal-checkered-ring", "01.png");
    cpSync(picture, at("picture.png"));
    expect(await refusal(at("picture.png"), { model: tinySdFolder })).toBe("EMBEDDING_UNRECOGNIZED");
    expect(await refusal(file, { model: tinySdFolder, events: at("nothing.jsonl") })).toBe("FILE_NOT_FOUND");
    writeFileSync(at("empty.jsonl"), "{}\n");
    expect(await refusal(file, { model: tinySdFolder, events: at("empty.jsonl") })).toBe("FILE_UNREADABLE");
    expect(await refusal(file, { model: tinySdFolder, prompts: ["a photo of a dog"] })).toBe("USAGE");
    writeFileSync(at("damaged.report.json"), "{}");
    expect(await refusal(at("damaged.report.json"))).toBe("REPORT_INVALID");
  });

  test("where the report of something else stands, unless it may be overwritten", async () => {
    const file = await embedding("other.pt");
    writeFileSync(at("other.report.html"), "my own page");
    expect(await refusal(file, { model: tinySdFolder })).toBe("OUTPUT_EXISTS");
    expect(readFileSync(at("other.report.html"), "utf8")).toBe("my own page");
    writeFileSync(at("other.report.json"), encodeReport(reportData()));
    const events = await eventsOf(file, { model: tinySdFolder, overwrite: true });
    expect(events.map(({ kind }) => kind)).toEqual(["warning", "report"]);
    expect(events[0]).toMatchObject({ message: expect.stringContaining("of another file of this name") });
  }, 300_000);

  test("for a model of another family", async () => {
    const data = reportData();
    writeFileSync(at("xl.report.json"), encodeReport({ ...data, model: { ...data.model, family: "sdxl" } }));
    expect(await refusal(at("xl.report.json"), { model: tinySdFolder, draws: true })).toBe("EMBEDDING_FAMILY");
  });
});
