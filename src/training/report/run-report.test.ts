import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventsOf, ofKind, trainingFolder } from "../../../test/training-run.ts";
import { bytesOf } from "../../array/index.ts";
import { tinySdFolder } from "../../assets/index.ts";
import { readEmbeddingFile } from "../../embedding/index.ts";
import { decodeReport } from "../../report/data.ts";
import type { ChoiceEvent } from "../events.ts";
import { type TrainingEvent, train } from "../index.ts";

const { work, settingsFor } = trainingFolder();
const settingsIn = (folder: string, ...flags: string[]) =>
  settingsFor("--cache_latents", "--num_vectors_per_token", "2", "--output_dir", path.join(work, folder), ...flags);

function reportIn(folder: string, name = "vexla") {
  const file = path.join(work, folder, `${name}.report.json`);
  return decodeReport(readFileSync(file, "utf8"), file);
}

const embeddingIn = (folder: string) => readFileSync(path.join(work, folder, "vexla.safetensors"));
const drawn = (report: ReturnType<typeof reportIn>) =>
  report.strip.columns.map(({ role, step, pictures }) => [role, step, ...pictures.map((picture) => picture !== null)]);

describe("a run with a report", { timeout: 300_000 }, () => {
  test("learns the same as without, and says what was learned, drawn from the start to the end", async () => {
    await eventsOf(await settingsIn("plain", "--max_train_steps", "6", "--no_metadata"));
    expect(readdirSync(path.join(work, "plain"))).toEqual(["vexla.safetensors"]);
    const flags = ["--max_train_steps", "6", "--no_metadata", "--eval_every_n_steps", "3", "--report_images", "all"];
    const events = await eventsOf(await settingsIn("reported", ...flags));
    expect(embeddingIn("reported").equals(embeddingIn("plain"))).toBe(true);
    const kinds = events.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1]);
    expect(kinds.slice(-4)).toEqual(["saved", "drawing", "report", "done"]);
    const [{ file }] = ofKind(events, "report") as [Extract<TrainingEvent, { kind: "report" }>];
    expect(path.basename(file)).toBe("vexla.report.html");
    expect(readFileSync(file, "utf8")).toContain("<h1>vexla</h1>");

    const report = reportIn("reported");
    expect(drawn(report).map(([role, step]) => [role, step])).toEqual([
      ["start", 0],
      ["third", 2],
      ...(report.strip.columns.length === 5 ? [["best", 3]] : []),
      ["third", 4],
      ["last", 6],
    ]);
    expect(
      drawn(report)
        .flat()
        .filter((entry) => entry === false),
    ).toEqual([]);
    expect(report.strip.missing).toBeUndefined();
    const pictures = report.strip.columns.map((column) => column.pictures[0]);
    expect(new Set(pictures).size).toBe(pictures.length);
    expect(report).toMatchObject({
      word: "vexla",
      tokens: ["vexla", "vexla1"],
      initWord: "ring",
      model: { family: "sd1", predictionType: "epsilon" },
      run: { steps: 6, plannedSteps: 6, isInterrupted: false, device: "cpu" },
      drift: { against: "“ring”", prompts: 20 },
    });
    expect(report.curves.steps).toEqual([1, 2, 3, 4, 5, 6]);
    expect(report.evaluations.map(({ step }) => step)).toEqual([0, 3, 6]);
    expect(report.rows.map(({ label }) => label)).toEqual(["vexla", "vexla1"]);
    expect(report.rows[0]!.nearest).toHaveLength(5);
    expect(report.rows[0]!.angle).toBeCloseTo(report.curves.angles[0]!.at(-1)!, 4);
    expect(report.drift!.value).toBeGreaterThan(0);
    expect(report.settings).toContainEqual(["learning_rate", "0.02"]);
  });

  test("says which vectors are in the file, and why", async () => {
    const flags = ["--keep", "best", "--eval_every_n_steps", "2", "--max_train_steps", "8", "--learning_rate", "0.5"];
    const events = await eventsOf(await settingsIn("kept", ...flags, "--report_images", "none"));
    const [{ message, chosen }] = ofKind(events, "choice") as [ChoiceEvent];
    const { run, strip } = reportIn("kept");
    expect(run!.choice!.message).toBe(message);
    const kept = strip.columns.filter(({ isKept }) => isKept);
    expect(kept.map(({ role }) => role)).toEqual([chosen === "last" ? "last" : "best"]);
    const file = await readEmbeddingFile(path.join(work, "kept", "vexla.safetensors"));
    const [table] = file.tables.values();
    expect(kept[0]!.vectors![0]!.data).toBe(Buffer.from(bytesOf(table!.data)).toString("base64"));
  });

  test("goes on from a state as if it had never stopped", async () => {
    const flags = ["--report", "--report_images", "none", "--eval_every_n_steps", "2"];
    await eventsOf(await settingsIn("straight", ...flags, "--max_train_steps", "5"));
    const first = await eventsOf(await settingsIn("parts", ...flags, "--max_train_steps", "3", "--save_state"));
    const { state } = ofKind(first, "done")[0]!;
    await eventsOf(await settingsIn("parts", ...flags, "--max_train_steps", "5", "--resume", state!));
    const [straight, parts] = [reportIn("straight"), reportIn("parts")];
    for (const part of ["curves", "evaluations", "rows", "cosines", "drift"] as const)
      expect(parts[part]).toEqual(straight[part]);
    expect(parts.strip.columns.at(-1)).toEqual(straight.strip.columns.at(-1));
    // the same run, so nothing was kept under another name
    expect(readdirSync(path.join(work, "parts")).filter((name) => name.includes("old"))).toEqual([]);
  });

  test("that is stopped has one, without images", async () => {
    const stop = new AbortController();
    const settings = await settingsIn("stopped", "--max_train_steps", "1000", "--report");
    for await (const event of train({ settings, warnings: [] }, { signal: stop.signal }))
      if (event.kind === "step" && event.step === 2) stop.abort();
    const report = reportIn("stopped");
    expect(report.run).toMatchObject({ steps: 2, plannedSteps: 1000, isInterrupted: true });
    expect(report.strip.missing).toBe("The run was stopped, so no images were drawn.");
    expect(report.commands.draw).toEqual(["report", path.join(work, "stopped", "vexla.safetensors")]);
  });

  test("has none where it is turned off", async () => {
    await eventsOf(await settingsIn("off", "--max_train_steps", "1", "--eval_every_n_steps", "1", "--report", "off"));
    expect(readdirSync(path.join(work, "off"))).toEqual(["vexla.safetensors"]);
  });

  test("keeps the report of another run, and replaces one of the same embedding", async () => {
    const flags = ["--max_train_steps", "1", "--report", "--report_images", "none", "--no_metadata"];
    await eventsOf(await settingsIn("again", ...flags));
    await eventsOf(await settingsIn("again", ...flags));
    const names = ["vexla.report.html", "vexla.report.json", "vexla.safetensors"];
    expect(readdirSync(path.join(work, "again"))).toEqual(names);
    const before = reportIn("again");
    const events = await eventsOf(await settingsIn("again", ...flags, "--learning_rate", "1e-3"));
    expect(ofKind(events, "warning").find(({ code }) => code === "OUTPUT_KEPT")!.message).toContain(
      "vexla.report.html, vexla.report.json",
    );
    expect(readdirSync(path.join(work, "again")).sort()).toEqual([
      ...names.map((name) => name.replace("vexla", "vexla-old1")),
      ...names,
    ]);
    expect(reportIn("again", "vexla-old1")).toEqual(before);
  });

  test("is finished whatever goes wrong with the report, which is a warning", async () => {
    const model = path.join(work, "model");
    cpSync(tinySdFolder, model, { recursive: true });
    const flags = ["--pretrained_model_name_or_path", model, "--max_train_steps", "1", "--report"];
    const settings = await settingsIn("broken", ...flags);
    const events: TrainingEvent[] = [];
    for await (const event of train({ settings, warnings: [] })) {
      events.push(event);
      if (event.kind === "saved") rmSync(path.join(model, "text_encoder"), { recursive: true });
    }
    const done = events.at(-1) as Extract<TrainingEvent, { kind: "done" }>;
    expect(done).toMatchObject({ kind: "done", failure: undefined, isInterrupted: false });
    const warning = done.warnings.find(({ code }) => code === "FILE_NOT_FOUND");
    expect(warning?.message).toMatch(/^The report could not be written: .*text_encoder/);
    expect(readdirSync(path.join(work, "broken"))).toEqual(["vexla.safetensors"]);
  });
});
