import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../test/studio.ts";
import { concept } from "../../../test/training-run.ts";
import type { ListedModel } from "../disk/library.ts";
import type { Check } from "./check.ts";

const { ask, root, bugs } = studioRoutes();

async function listed(): Promise<readonly ListedModel[]> {
  return ((await (await ask("GET", "/api/models")).json()) as { models: ListedModel[] }).models;
}

async function checked(id: string, word: string, settings: object, model: object | null): Promise<Check> {
  const { draft } = (await (await ask("GET", `/api/drafts/${id}`)).json()) as { draft: { revision: number } };
  const body = { revision: draft.revision, word, model, settings };
  expect((await ask("PUT", `/api/drafts/${id}`, { body })).status).toBe(200);
  return (await (await ask("POST", `/api/drafts/${id}/check`)).json()) as Check;
}

describe("the models that are listed", () => {
  const folder = path.join(root, "apps", "ComfyUI", "models", "checkpoints");
  mkdirSync(path.join(folder, "sub"), { recursive: true });
  writeFileSync(path.join(folder, "broken.safetensors"), "no model");
  writeFileSync(path.join(folder, "sub", "code.ckpt"), "no model either");

  test("have a family and a precision; files that are none are left out", async () => {
    const models = await listed();
    expect(models).toContainEqual(
      expect.objectContaining({
        name: "tiny-sd",
        program: "coinage",
        family: "sd1",
        precision: "float16",
        problems: [],
      }),
    );
    expect(models.map(({ name }) => name)).not.toContain("broken.safetensors");
  });
});

describe("a check of a draft", async () => {
  const [tiny] = (await listed()).filter(({ name }) => name === "tiny-sd");
  const model = { id: tiny!.id };
  const id = "checked1";
  for (const name of readdirSync(concept)
    .filter((one) => one.endsWith(".png"))
    .slice(0, 3))
    await ask("PUT", `/api/drafts/${id}/pictures/${name}`, {
      body: new Uint8Array(readFileSync(path.join(concept, name))),
    });
  const settings = {
    resolution: [128, 128],
    init_word: "ring",
    max_train_steps: 20,
    learning_rate: 0.01,
    device: "cpu",
  };

  test("says what the run would be: token ids, buckets, steps, memory and time", async () => {
    const { errors, word, run } = await checked(id, "vexla", { ...settings, num_vectors_per_token: 2 }, model);
    expect(errors).toEqual([]);
    expect(word).toEqual({ ids: [49408, 49409], initIds: [2540], captionsWithWord: 0, captions: 3 });
    expect(run).toMatchObject({ device: "cpu", steps: 20, tokenIds: [49408, 49409], numTrainImages: 3 });
    expect(run!.dataset.datasets[0]!.buckets).toEqual([{ resolution: [128, 128], count: 3 }]);
    expect(run!.expectedPeakBytes).toBeGreaterThan(1e6);
    expect(run!.expectedSeconds).toBeGreaterThan(0);
  });

  test("has the warnings that the run would begin with", async () => {
    const { warnings } = await checked(id, "vexla", { ...settings, learning_rate: 1e-7 }, model);
    expect(warnings.map(({ code }) => code)).toContain("LEARNING_RATE_SMALL");
    expect(warnings.map(({ code }) => code)).toContain("DATASET_CAPTION_FROM_CLASS");
  });

  test("tells a clash of the word also while no model is chosen", async () => {
    const { errors, word } = await checked(id, "cat", settings, null);
    expect(errors.map(({ code }) => code)).toEqual(["TOKEN_EXISTS", "SETTINGS_MISSING"]);
    expect(word.ids).toEqual([]);
  });

  test("tells a clash once", async () => {
    const { errors } = await checked(id, "cat", settings, model);
    expect(errors.map(({ code }) => code)).toEqual(["TOKEN_EXISTS"]);
    expect(errors[0]!.hint).toContain("catx1");
  });

  test.each([
    ["a model that is gone", { id: "0123456789abcdef" }],
    ["a path in the place of a hub name", { hub: "/etc/passwd" }],
    ["a way out in the place of a hub name", { hub: "../x" }],
    ["an address in the place of a hub name", { hub: "http://evil.example/x/y" }],
  ])("refuses %s", async (_, strange) => {
    const { draft } = (await (await ask("GET", `/api/drafts/${id}`)).json()) as { draft: { revision: number } };
    await ask("PUT", `/api/drafts/${id}`, {
      body: { revision: draft.revision, word: "vexla", model: strange, settings },
    });
    const answer = await ask("POST", `/api/drafts/${id}/check`);
    expect([answer.status, await codeOf(answer)]).toEqual([400, "MODEL_UNKNOWN"]);
  });

  test("downloads nothing: a model that is not here yet is said to be missing", async () => {
    const { errors } = await checked(id, "vexla", settings, { hub: "nobody/nothing" });
    expect(errors.map(({ code }) => code)).toEqual(["HUB_OFFLINE"]);
  });
});

test("nothing here was a mistake of the studio itself", () => {
  expect(bugs).toEqual([]);
});
