import { createHash } from "node:crypto";
import { readFileSync, renameSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../test/studio.ts";
import { studioRuns } from "../../../test/studio-runs.ts";
import { placesOf, type RunAbout, type RunRow, readSources } from "../../runs/index.ts";
import type { Draft } from "../drafts/draft.ts";
import { RunQueue } from "./queue.ts";

const studio = studioRoutes();
const { ask } = studio;
const { told, draftOf, start, read, until } = studioRuns(studio);

const aboutOf = async (id: string) => (await told<{ about: RunAbout }>("GET", `/api/runs/${id}`)).about;

test("a run is started, drawn from, stopped, resumed and made longer, and its files are given as they are", async () => {
  const id = await draftOf("vexla", { max_train_epochs: 100_000, sample_every_n_steps: 90_000 });
  const { draft } = await told<{ draft: Draft }>("GET", `/api/drafts/${id}`);
  const { revision, word, model, settings } = draft;
  await told("PUT", `/api/drafts/${id}`, { revision, word, model, settings, prompts: ["a vexla --w 64 --h 64"] });
  const { run } = await told("POST", "/api/runs", { draft: id });
  await trained(run);
});

/** What can be done with a run while it trains and after it. */
async function trained({ id, state }: RunRow): Promise<void> {
  expect(state).toBe("starting");
  await until(id, (row) => row.state === "running" && row.step! > 0);

  await told("POST", `/api/runs/${id}/sample`, { prompt: "a vexla --w 64 --h 64 --s 1", seed: 3 });
  await expect.poll(async () => (await aboutOf(id)).samples, { timeout: 60_000 }).toHaveLength(1);
  await told("POST", `/api/runs/${id}/set`, { sampleEvery: 80_000 });
  expect((await ask("DELETE", `/api/runs/${id}`)).status).toBe(409);
  expect((await ask("POST", `/api/runs/${id}/resume`, { body: {} })).status).toBe(409);

  await told("POST", `/api/runs/${id}/stop`, {});
  const stopped = await until(id, (row) => row.state === "stopped");
  expect(await codeOf(await ask("POST", `/api/runs/${id}/stop`, { body: {} }))).toBe("RUN_ENDED");
  expect(readFileSync(path.join(stopped.folder, "console.log"), "utf8")).not.toContain("begins again");

  const resumed = await told("POST", `/api/runs/${id}/resume`, { steps: stopped.step! + 2 });
  expect(resumed.run.state).toBe("starting");
  expect(await until(id, (row) => row.state === "done")).toMatchObject({ step: stopped.step! + 2 });
  expect(await codeOf(await ask("POST", `/api/runs/${id}/resume`, { body: {} }))).toBe("RUN_ENDED");
  expect(readFileSync(path.join(stopped.folder, "console.log"), "utf8")).toContain("continued from");

  await told("POST", `/api/runs/${id}/extend`, { steps: 3 });
  expect(await until(id, (row) => row.state === "done" && row.step! > stopped.step! + 2)).toMatchObject({
    step: stopped.step! + 5,
  });

  const about = await aboutOf(id);
  expect(about).toMatchObject({
    record: { wanted: "run" },
    settings: { sample_every_n_steps: 80_000, token_string: "vexla", init_word: "ring", learning_rate: 0.01 },
    checkpoints: [{ name: "vexla.pt", step: stopped.step! + 5, kind: "last" }],
    samples: [{ prompt: "a vexla", seed: 3, width: 64, height: 64 }],
  });
  for (const [kind, { name }] of [
    ["checkpoints", about.checkpoints[0]!],
    ["samples", about.samples[0]!],
  ] as const) {
    const given = await (await ask("GET", `/api/runs/${id}/files/${kind}/${name}`)).arrayBuffer();
    expect(Buffer.from(given).equals(readFileSync(path.join(stopped.folder, kind, name)))).toBe(true);
  }
  const { rows } = await told<{ rows: { step: number }[] }>("GET", `/api/runs/${id}/table?rows=200`);
  expect(rows.at(-1)!.step).toBe(stopped.step! + 5);
  expect(studio.bugs).toEqual([]);
}

function digestOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

test("a run is made again and branched from a checkpoint, with its images, captions, prompts and settings, and goes on when its folder was moved", async () => {
  const draft = await draftOf("branchy", { max_train_steps: 2, train_batch_size: 2, save_every_n_steps: 1 });
  const { draft: before } = await told<{ draft: Draft }>("GET", `/api/drafts/${draft}`);
  const { name } = before.pictures[1]!;
  const { revision, word, model, settings } = before;
  const captioned = {
    revision,
    word,
    model,
    settings,
    captions: { [name]: "branchy on a shelf" },
    prompts: ["branchy, blue"],
  };
  await told("PUT", `/api/drafts/${draft}`, captioned);
  const stale = await ask("POST", "/api/runs", { body: { draft, draftRevision: revision } });
  expect(await stale.json()).toMatchObject({ problem: { code: "DRAFT_CHANGED" }, draft: { revision: revision + 1 } });
  const begin = () => told("POST", "/api/runs", { draft, draftRevision: revision + 1 });
  const [{ run }, { run: twin }] = await Promise.all([begin(), begin()]);
  // pressed twice, or in two tabs
  expect(twin.id).toBe(run.id);
  await until(run.id, ({ state }) => state === "done");

  const { draft: again } = await told<{ draft: Draft }>("POST", `/api/runs/${run.id}/again`, {});
  expect(again).toMatchObject({ word, model, settings, prompts: ["branchy, blue"], from: { run: run.id } });
  expect(again.pictures.map(({ original, caption }) => [original, caption])).toEqual(
    before.pictures.map((one) => [one.original, one.name === name ? "branchy on a shelf" : one.caption]),
  );

  await inLessMemory(run, settings);

  expect((await ask("POST", `/api/runs/${run.id}/branch`, { body: { checkpoint: "../run.json" } })).status).toBe(400);
  expect((await ask("POST", `/api/runs/${run.id}/branch`, { body: { checkpoint: "none.pt" } })).status).toBe(404);
  const { draft: branch } = await told<{ draft: Draft }>("POST", `/api/runs/${run.id}/branch`, {
    checkpoint: "branchy.pt",
  });
  const { run: second } = await told("POST", "/api/runs", { draft: branch.id });
  const { folder } = await until(second.id, ({ state }) => state === "done");
  const about = await aboutOf(second.id);
  expect(about.record.parent).toBe(run.id);
  const sources = await readSources(placesOf(folder));
  expect(sources.model!.parts).toEqual({
    unet: expect.stringMatching(/^[0-9a-f]{16}$/),
    vae: expect.any(String),
    textEncoder: expect.any(String),
  });
  expect(sources.pictures).toEqual(
    branch.pictures.map(({ name: file, original }) => ({
      file,
      original,
      sha256: digestOf(path.join(folder, "pictures", file)),
    })),
  );
  expect(about.settings).toMatchObject({ weights: path.join(folder, "weights.pt") });
  expect(readFileSync(path.join(folder, "weights.pt"))).toEqual(
    readFileSync(path.join(run.folder, "checkpoints", "branchy.pt")),
  );

  const { differences } = await told<{ differences: object[] }>(
    "GET",
    `/api/runs/${run.id}/settings.diff/${second.id}`,
  );
  expect(differences).toEqual([{ flag: "weights", a: null, b: "weights.pt" }]);

  renameSync(folder, `${folder}_moved`);
  const moved = `${second.id}_moved`;
  await told("POST", `/api/runs/${moved}/extend`, { steps: 1 });
  expect(await until(moved, ({ state, step }) => state === "done" && step === 3)).toMatchObject({ word });
  expect(studio.bugs).toEqual([]);
});

/** Repeats a run with less memory: smaller batches with as many images a step, from its saved vectors, then gradient checkpointing. */
async function inLessMemory(run: RunRow, settings: Draft["settings"]): Promise<void> {
  type Again = { draft: Draft; isWhole: boolean };
  const { draft, isWhole } = await told<Again>("POST", `/api/runs/${run.id}/again`, { lessMemory: true });
  const single = { train_batch_size: 1, gradient_accumulation_steps: 2 };
  expect([isWhole, draft.settings]).toMatchObject([true, { ...settings, ...single, max_train_steps: 1 }]);
  expect(draft.from).toMatchObject({ run: run.id, weights: expect.any(String) });
  const { run: less } = await told("POST", "/api/runs", { draft: draft.id, draftRevision: draft.revision });
  const { folder } = await until(less.id, ({ state }) => state === "done");
  const saved = path.join(run.folder, "checkpoints", "branchy-step00000001.pt");
  expect(digestOf(path.join(folder, "weights.pt"))).toBe(digestOf(saved));
  expect((await aboutOf(less.id)).record.parent).toBe(run.id);
  const { rows } = await told<{ rows: { step: number }[] }>("GET", `/api/runs/${less.id}/table`);
  expect(rows.at(-1)!.step).toBe(1);
  const { draft: last } = await told<Again>("POST", `/api/runs/${less.id}/again`, { lessMemory: true });
  expect(last.settings).toEqual({ ...draft.settings, gradient_checkpointing: true, cache_latents: true });
}

test("one run is under way at a time, the others wait in an order that can be changed, and start by themselves, also when the studio was started anew", async () => {
  const long = { max_train_steps: 100_000 };
  const first = await start("firsta", long);
  const [second, third, fourth] = [
    await start("secondb", long),
    await start("thirdc", long),
    await start("fourthd", long),
  ];
  expect([first, second, third, fourth].map(({ state }) => state)).toEqual(["starting", "queued", "queued", "queued"]);
  const queue = async () => (await told<{ queue: string[] }>("GET", "/api/runs")).queue;
  expect(await queue()).toEqual([second.id, third.id, fourth.id]);

  await told("POST", `/api/runs/${third.id}/queue`, { position: 0 });
  expect(await queue()).toEqual([third.id, second.id, fourth.id]);
  expect(await codeOf(await ask("POST", `/api/runs/${first.id}/queue`, { body: { position: 0 } }))).toBe("RUN_ENDED");
  const { run: out } = await told("POST", `/api/runs/${second.id}/stop`, {});
  expect(out.state).toBe("draft");
  expect(await queue()).toEqual([third.id, fourth.id]);

  await until(first.id, ({ state }) => state === "running");
  await told("POST", `/api/runs/${first.id}/stop`, { now: true });
  await until(third.id, ({ state }) => state === "running");
  expect((await read(first.id)).state).toBe("stopped");

  // a studio that ends leaves the queue to the next one
  studio.queue.close();
  await told("POST", `/api/runs/${third.id}/stop`, { now: true });
  await until(third.id, ({ state }) => state === "stopped");
  expect((await read(fourth.id)).state).toBe("queued");
  const next = new RunQueue({
    listing: studio.listing,
    caller: studio.caller,
    report: (error) => studio.bugs.push(error),
  });
  await next.look();
  await until(fourth.id, ({ state }) => state === "running");
  next.close();
  await told("POST", `/api/runs/${fourth.id}/stop`, { now: true });
  await until(fourth.id, ({ state }) => state === "stopped");
  expect(studio.bugs).toEqual([]);
});
