import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { hasPermissions, withoutPrivileges } from "../../../test/permissions.ts";
import { codeOf, studioRoutes } from "../../../test/studio.ts";
import { writtenRun } from "../../../test/written-run.ts";
import { type RunRow, takeRun } from "../../runs/index.ts";
import { Trash } from "../disk/trash.ts";
import { RunQueue } from "./queue.ts";

const studio = studioRoutes();
const { ask, work } = studio;
const root = path.join(work, "runs");

/** A run that was opened and, unless it is to be lost, has ended. */
async function endedRun(name: string, outcome: "done" | "stopped" | "lost" = "stopped") {
  const run = await writtenRun(root, name);
  run.write("opened", { pid: 1, host: "here", version: "1" });
  run.write("start", { run: { steps: 9 } });
  run.write("step", { step: 3, steps: 9, loss: 1, averageLoss: 1 });
  if (outcome !== "lost") run.write("closed", { outcome });
  return run;
}

const listed = async () => ((await (await ask("GET", "/api/runs")).json()) as { runs: RunRow[] }).runs;

describe("the name and the note of a run", () => {
  test("are changed, also in words of any language, and the folder keeps its name", async () => {
    const run = await endedRun("pot");
    const answer = await ask("PATCH", `/api/runs/${run.id}`, { body: { name: " Käse 日本 🐈 ", note: "a\nb" } });
    expect(await answer.json()).toMatchObject({ run: { id: run.id, name: "Käse 日本 🐈" }, marks: { note: "a\nb" } });
    expect((await listed()).find(({ id }) => id === run.id)?.name).toBe("Käse 日本 🐈");
    expect(JSON.parse(readFileSync(run.places.record, "utf8"))).toMatchObject({ id: run.id, word: "pot" });
  });

  test.each([{ name: "" }, { name: "a\u0007" }, { name: "a".repeat(201) }, { name: "a", word: "b" }])(
    "are refused: %j",
    async (body) => {
      const run = await endedRun("pan");
      expect((await ask("PATCH", `/api/runs/${run.id}`, { body })).status).toBe(400);
    },
  );
});

describe("a run that is thrown away", () => {
  test("is gone from the list, stands in the trash and comes back with everything", async () => {
    const run = await endedRun("cup");
    writeFileSync(path.join(run.places.checkpoints, "cup.safetensors"), "vectors");
    const { trash } = (await (await ask("DELETE", `/api/runs/${run.id}`)).json()) as { trash: string };
    expect((await listed()).map(({ id }) => id)).not.toContain(run.id);
    expect((await ask("GET", `/api/runs/${run.id}`)).status).toBe(404);
    const list = async () => ((await (await ask("GET", "/api/trash")).json()) as { trash: object[] }).trash;
    expect(await list()).toContainEqual(expect.objectContaining({ id: trash, kind: "run", name: "cup" }));
    const { run: restored } = (await (await ask("POST", `/api/trash/${trash}/restore`)).json()) as { run: RunRow };
    expect(restored).toMatchObject({ id: run.id, state: "stopped", step: 3 });
    expect(readFileSync(path.join(run.places.checkpoints, "cup.safetensors"), "utf8")).toBe("vectors");
    expect(await list()).not.toContainEqual(expect.objectContaining({ id: trash }));
  });

  test("comes back under another name where its own is taken", async () => {
    const run = await endedRun("jar");
    const { trash } = (await (await ask("DELETE", `/api/runs/${run.id}`)).json()) as { trash: string };
    mkdirSync(run.places.folder);
    const { run: restored } = (await (await ask("POST", `/api/trash/${trash}/restore`)).json()) as { run: RunRow };
    expect(restored.id).toBe(`${run.id}_2`);
  });

  test("may be a damaged one, but none of a later version and none that is under way", async () => {
    const [damaged, later, held] = [await endedRun("damaged"), await endedRun("later"), await endedRun("held", "lost")];
    writeFileSync(damaged.places.record, "{");
    writeFileSync(later.places.record, JSON.stringify({ schema: 2 }));
    expect((await ask("DELETE", `/api/runs/${damaged.id}`)).status).toBe(200);
    expect(await codeOf(await ask("DELETE", `/api/runs/${later.id}`))).toBe("RUN_NEWER");
    const lock = await takeRun(held.places);
    const refused = await ask("DELETE", `/api/runs/${held.id}`);
    expect(await refused.json()).toMatchObject({ problem: { code: "RUN_BUSY" }, run: { state: "running" } });
    await lock.release();
    expect((await ask("DELETE", `/api/runs/${held.id}`)).status).toBe(200);
  });

  test.each(["..", "%2e%2e", "a%2fb", "a".repeat(36), "00000000-0000-0000-0000-000000000000"])(
    "is not brought back by the id %j",
    async (id) => {
      expect([400, 404]).toContain((await ask("POST", `/api/trash/${id}/restore`)).status);
    },
  );

  test("is deleted for good after 30 days, and nothing else in that folder is", async () => {
    const folder = path.join(work, "other-trash");
    const trash = new Trash(folder);
    const thrown = async (name: string) => {
      mkdirSync(path.join(work, name));
      return trash.put(path.join(work, name), { kind: "run", name });
    };
    const [old, late] = [await thrown("old"), await thrown("late")];
    const day = 24 * 3_600_000;
    const note = path.join(folder, old, "trash.json");
    const { at, ...rest } = JSON.parse(readFileSync(note, "utf8"));
    writeFileSync(note, JSON.stringify({ ...rest, at: new Date(Date.parse(at) - day).toISOString() }));
    mkdirSync(path.join(folder, "somebody's"));
    utimesSync(path.join(folder, "somebody's"), 0, 0);
    await trash.empty(Date.now() + 29.5 * day);
    expect(readdirSync(folder).sort()).toEqual([late, "somebody's"].sort());
    expect(existsSync(path.join(folder, late, "late"))).toBe(true);
  });
});

describe("a page that believes something else", () => {
  test("is told how the run stands now, and nothing is done", async () => {
    const run = await endedRun("vase", "lost");
    const known = run.write("warning", { code: "A", message: "" });
    const stars = (seq: number | string) =>
      ask("POST", `/api/runs/${run.id}/star`, {
        body: { step: 3, isStarred: true },
        headers: { "if-match": String(seq) },
      });
    run.write("sampling", { prompt: "a", index: 0, step: 3, epoch: 1 });
    expect((await stars(known)).status).toBe(200);
    run.write("closed", { outcome: "stopped" });
    const refused = await stars(known);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ problem: { code: "RUN_CHANGED" }, run: { state: "stopped" } });
    expect((await stars(`"${known + 2}"`)).status).toBe(200);
    expect((await stars("x")).status).toBe(400);
  });

  test("stops a run once, though it asks in two tabs, and is answered the same for the same key", async () => {
    const run = await endedRun("bowl", "lost");
    const lock = await takeRun(run.places);
    const stop = (key?: string) =>
      ask("POST", `/api/runs/${run.id}/stop`, { body: {}, headers: { "idempotency-key": key } });
    const first = await (await stop("a")).json();
    expect(first).toMatchObject({ run: { state: "stopping" } });
    expect(await (await stop("a")).json()).toEqual(first);
    expect((await stop()).status).toBe(200);
    expect(readdirSync(run.places.control)).toHaveLength(1);
    await lock.release();
    expect(await codeOf(await stop())).toBe("RUN_ENDED");
  });
});

describe("a run folder that somebody else", () => {
  test("has moved is shown under its new name, with everything", async () => {
    const run = await endedRun("moved");
    const folder = path.join(root, "my best run 日本");
    renameSync(run.places.folder, folder);
    expect((await ask("GET", `/api/runs/${run.id}`)).status).toBe(404);
    const answer = await ask("GET", `/api/runs/${encodeURIComponent("my best run 日本")}`);
    expect(await answer.json()).toMatchObject({ run: { name: "moved", step: 3 }, about: { record: { id: run.id } } });
  });

  test("has deleted is gone, is not made anew by what is asked of it, and the others stay", async () => {
    const [run, other] = [await endedRun("deleted"), await endedRun("other")];
    await ask("GET", `/api/runs/${run.id}`);
    rmSync(run.places.folder, { recursive: true });
    const asked: [method: string, target: string, body?: object][] = [
      ["GET", ""],
      ["GET", "/events"],
      ["POST", "/stop", {}],
      ["POST", "/resume", {}],
      ["POST", "/extend", { steps: 1 }],
      ["POST", "/set", { sampleEvery: 1 }],
      ["POST", "/star", { step: 1, isStarred: true }],
      ["PATCH", "", { name: "x" }],
      ["DELETE", ""],
    ];
    for (const [method, target, body] of asked)
      expect((await ask(method, `/api/runs/${run.id}${target}`, { body })).status).toBe(404);
    expect(existsSync(run.places.folder)).toBe(false);
    expect((await listed()).map(({ id }) => id)).toContain(other.id);
  });

  test.runIf(hasPermissions)("has made read-only is shown, and what cannot be written says so", async () => {
    const run = await endedRun("fixed");
    chmodSync(work, 0o755);
    chmodSync(run.places.folder, 0o555);
    await withoutPrivileges(async () => {
      expect((await ask("GET", `/api/runs/${run.id}`)).status).toBe(200);
      const answer = await ask("POST", `/api/runs/${run.id}/star`, { body: { step: 3, isStarred: true } });
      expect([answer.status, await codeOf(answer)]).toEqual([500, "OUTPUT_UNWRITABLE"]);
      expect(await codeOf(await ask("POST", `/api/runs/${run.id}/resume`, { body: {} }))).toBe("OUTPUT_UNWRITABLE");
    });
    chmodSync(run.places.folder, 0o755);
    expect((await listed()).find(({ id }) => id === run.id)).toMatchObject({ state: "stopped" });
  });
});

describe("a run whose process", () => {
  const { caller } = studio;
  const queueWith = (command: string, ...words: string[]) =>
    new RunQueue({ listing: studio.listing, caller: { command, words }, report: (error) => studio.bugs.push(error) });

  test("cannot be started has failed at once, with the reason, and can be tried again", async () => {
    const run = await endedRun("spawn");
    await queueWith(path.join(work, "no-such-program")).add(run.places);
    expect((await listed()).find(({ id }) => id === run.id)).toMatchObject({
      state: "failed",
      problem: { code: "RUN_NOT_STARTED", message: expect.stringContaining("ENOENT"), hint: expect.any(String) },
    });
  });

  test("ends before it has opened the run has failed, with its exit code and its last words", async () => {
    const run = await endedRun("refused");
    writeFileSync(run.places.config, 'max_train_steps = "many"\n');
    await queueWith(caller.command, ...caller.words).add(run.places);
    expect((await listed()).find(({ id }) => id === run.id)?.state).toBe("starting");
    await expect
      .poll(async () => (await listed()).find(({ id }) => id === run.id), { timeout: 60_000 })
      .toMatchObject({
        state: "failed",
        problem: { code: "RUN_NOT_STARTED", message: expect.stringContaining("exit code") },
        lastWords: expect.arrayContaining([expect.stringContaining("SETTINGS_FILE_INVALID")]),
      });
  });
});

test("what is sampled is set for when the run goes on", async () => {
  const run = await endedRun("lamp");
  expect((await ask("POST", `/api/runs/${run.id}/set`, { body: { sampleEvery: 25 } })).status).toBe(200);
  expect(JSON.parse(readFileSync(run.places.record, "utf8"))).toMatchObject({ sampleEvery: 25 });
  expect((await ask("POST", `/api/runs/${run.id}/set`, { body: { sampleEvery: -1 } })).status).toBe(400);
});
