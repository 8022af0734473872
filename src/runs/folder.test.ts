import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { settingsOf } from "../../test/training-run.ts";
import { folderPart } from "./folder.ts";
import {
  listRuns,
  makeRunFolder,
  newRecord,
  noteExit,
  placesOf,
  type RunPlaces,
  readRecord,
  readRun,
  runFolderOf,
  runsFolder,
  settingsInFolder,
  takeRun,
  writeConfig,
  writeRecord,
} from "./index.ts";
import { Journal } from "./journal/journal.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-runs-"));
afterAll(() => rmSync(work, { recursive: true }));
let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(work, "root-"));
});

/** The folder of a run that no process has opened. */
async function made(name: string, wanted: "draft" | "queued" | "run" = "run"): Promise<RunPlaces> {
  const places = makeRunFolder(root, name);
  const id = path.basename(places.folder);
  await writeRecord(places, newRecord({ id, name, word: name, wanted, version: "0.1.0" }));
  return places;
}

describe("the folder of a run", () => {
  test("is named by minute and name, is always new, and has the places of a run", () => {
    const at = new Date(2026, 10, 22, 14, 5);
    const names = Array.from({ length: 3 }, () => path.basename(makeRunFolder(root, "mycat", at).folder));
    expect(names).toEqual(["2026-11-22_1405_mycat", "2026-11-22_1405_mycat_2", "2026-11-22_1405_mycat_3"]);
    expect(readdirSync(path.join(root, names[0]!)).sort()).toEqual(["checkpoints", "control", "samples", "state"]);
  });

  test.each([
    ["mycat", "mycat"],
    ["my cat", "my_cat"],
    ["../x", "x"],
    ["a\\b:c", "a_b_c"],
    ["日本 🐈", "日本_🐈"],
    ["u\u0308ber", "über"],
    ["a\u202eb\u0000", "a_b"],
    ["name. ", "name"],
    ["...", "run"],
    ["", "run"],
  ])("of the name %j has %j", (name, part) => {
    expect(folderPart(name)).toBe(part);
  });

  test("can be made for any name there is, and lies in the folder of runs", () => {
    const odd = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.constantFrom("CON", "nul.txt", "a".repeat(300), "é".repeat(200)),
    );
    fc.assert(
      fc.property(odd, (name) => {
        const { folder } = makeRunFolder(root, name);
        expect(path.dirname(folder)).toBe(root);
        expect(existsSync(folder)).toBe(true);
        expect(Buffer.byteLength(path.basename(folder))).toBeLessThan(120);
      }),
      { numRuns: 60 },
    );
  });

  test("lies where the flag says, else where COINAGE_HOME says, else in the home folder", () => {
    expect(runsFolder({ COINAGE_HOME: work }, "mine")).toBe(path.resolve("mine"));
    expect(runsFolder({ COINAGE_HOME: work })).toBe(path.join(work, "runs"));
    expect(runsFolder({})).toBe(path.join(os.homedir(), "coinage", "runs"));
  });

  test("is found by its name among the others, and by its path; a name that is no folder is not", async () => {
    const { folder } = await made("mycat");
    expect((await runFolderOf(root, path.basename(folder)))?.folder).toBe(folder);
    expect((await runFolderOf("/elsewhere", folder))?.folder).toBe(folder);
    for (const text of ["mycat", "..", "", "."]) expect(await runFolderOf(root, text)).toBeUndefined();
  });
});

describe("the settings of a run", () => {
  test("are a file that gives the same settings again, from any folder, with the seed that was drawn and no secrets", async () => {
    mkdirSync(path.join(root, "set", "pictures"), { recursive: true });
    const dataset = path.join(root, "set", "data.toml");
    writeFileSync(
      dataset,
      '[[datasets]]\nresolution = 64\nbatch_size = 1\n[[datasets.subsets]]\nimage_dir = "pictures"\nflip_aug = true\n',
    );
    const flags = [
      "--pretrained_model_name_or_path",
      "owner/model",
      "--token_string",
      "vexla",
      "--dataset_config",
      dataset,
    ];
    const more = [
      "--run",
      "myword",
      "--learning_rate",
      "1",
      "--huggingface_token",
      "hf_secret",
      "--lr_scheduler",
      "constant_with_warmup",
      "--lr_warmup_steps",
      "0.1",
      "--weights",
      "test",
    ];
    const given = {
      ...(await settingsOf([...flags, ...more])),
      captionTagDropoutRate: 0.25,
      extraMetadata: { mood: 'a "b"' },
    };
    const places = makeRunFolder(root, "myword");
    const settings = await settingsInFolder(given, places);
    expect(settings).toMatchObject({
      outputDir: places.checkpoints,
      stateDir: places.state,
      sampleDir: places.samples,
    });
    await writeConfig(places, "myword", given, 77);
    const text = readFileSync(places.config, "utf8");
    expect(text).not.toContain("hf_secret");
    const again = await settingsOf(["--config_file", places.config]);
    const expected = {
      ...given,
      seed: 77,
      datasetConfig: places.dataset,
      weights: path.resolve("test"),
      huggingfaceToken: undefined,
    };
    expect({ ...again, configFile: undefined, places: given.places }).toEqual({ ...expected, configFile: undefined });
    expect(readFileSync(places.dataset, "utf8")).toContain(JSON.stringify(path.join(root, "set", "pictures")));
  });
});

describe("a list of runs", () => {
  test("has the newest first, leaves out what is no run, and tells of each how it stands", async () => {
    await made("drafted", "draft");
    await made("queued", "queued");
    const stopped = await made("stopped");
    const journal = await Journal.open(stopped.journal);
    journal.append({ kind: "opened", pid: 1, host: "here", version: "0.1.0" });
    journal.append({ kind: "closed", outcome: "stopped" });
    journal.close();
    mkdirSync(path.join(root, "no run"));
    writeFileSync(path.join(root, "file.txt"), "");
    const rows = await listRuns(root);
    expect(rows.map(({ name, state }) => [name, state])).toEqual([
      ["stopped", "stopped"],
      ["queued", "queued"],
      ["drafted", "draft"],
    ]);
    expect(await listRuns(path.join(root, "nowhere"))).toEqual([]);
  });

  test("shows a damaged run and one of a later version as such, changes neither, and all others as ever", async () => {
    const [damaged, later, fine] = [await made("damaged"), await made("later"), await made("fine", "draft")];
    writeFileSync(damaged.record, "{");
    const text = readFileSync(later.record, "utf8").replace('"schema": 1', '"schema": 2');
    writeFileSync(later.record, text);
    const rows = new Map((await listRuns(root)).map((row) => [row.folder, row]));
    expect(rows.get(damaged.folder)).toMatchObject({ state: undefined, problem: { code: "RUN_UNREADABLE" } });
    expect(rows.get(later.folder)).toMatchObject({ state: undefined, problem: { code: "RUN_NEWER" } });
    expect(rows.get(fine.folder)).toMatchObject({ state: "draft", problem: undefined });
    await expect(readRecord(later)).rejects.toMatchObject({ code: "RUN_NEWER" });
    expect(readFileSync(later.record, "utf8")).toBe(text);
  });

  test("sees what changes in a run, though it remembers runs that stay as they are", async () => {
    const places = await made("mycat");
    const lock = await takeRun(places);
    await expect(takeRun(places)).rejects.toMatchObject({ code: "RUN_BUSY" });
    expect(await readRun(places)).toMatchObject({ state: "starting", step: undefined });
    const journal = await Journal.open(places.journal);
    journal.append({ kind: "opened", pid: process.pid, host: "here", version: "0.1.0" });
    journal.append({ kind: "step", step: 3, steps: 9, loss: 0.5, averageLoss: 0.25, remainingSeconds: 60 } as never);
    expect(await readRun(places)).toMatchObject({
      state: "running",
      step: 3,
      steps: 9,
      averageLoss: 0.25,
      remainingSeconds: 60,
    });
    writeFileSync(places.console, "first\n\nOut of memory\n");
    journal.close();
    await lock.release();
    await noteExit(places, process.pid, { signal: "SIGSEGV" });
    expect(await readRun(places)).toMatchObject({
      ...{ state: "lost", step: 3, remainingSeconds: undefined, cause: expect.stringContaining("SIGSEGV") },
      lastWords: ["first", "Out of memory"],
    });
  });

  test("is not harmed by a folder that cannot be used", async () => {
    const row = await readRun(placesOf(path.join(root, "gone")));
    expect(row).toMatchObject({ id: "gone", state: undefined, problem: { code: "RUN_UNREADABLE" } });
  });
});
