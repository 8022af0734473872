import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type OpenOptions, openCheckpoint } from "../src/checkpoint/index.ts";
import { localModel } from "../src/hub/index.ts";
import { openRuntime, type Runtime } from "../src/runtime/index.ts";
import { type ModelCase, runCase } from "./golden-cases.ts";
import { type GoldenFamily, openGoldenModel, readFamilies } from "./golden-models.ts";
import { describeGoldens, readJson, readTensors } from "./goldens.ts";
import { filesOf } from "./hub-server.ts";
import type { Tensors } from "./ldm-names.ts";
import { cast, castModel, type ModelTensors, readModel, singleFileTensors } from "./model-files.ts";
import { type Form, folder, folders, safetensors, singleFiles, torchFile, vaeFiles, zeros } from "./model-forms.ts";

describeGoldens("models", (goldens) => {
  const root = mkdtempSync(path.join(tmpdir(), "forms-"));
  const families = readFamilies(goldens);
  const models = new Map<string, ModelTensors>();
  let runtime: Runtime;
  let count = 0;

  beforeAll(() => {
    runtime = openRuntime({ threads: 1 });
  });
  afterAll(async () => {
    await runtime.close();
    rmSync(root, { recursive: true });
  });

  /** The smallest family of a kind, with its tensors in memory. */
  async function golden(kind: GoldenFamily["kind"]) {
    const family = families.filter((candidate) => candidate.kind === kind).at(-1)!;
    const model = models.get(kind) ?? (await readModel(family.files[0]!.path));
    models.set(kind, model);
    return { family, model };
  }

  /** Runs text encoders, U-Net and VAE; returns each output's distance from its record, and its tolerance for the recorded numbers. */
  async function run(file: string, family: GoldenFamily, options: OpenOptions = {}) {
    const model = await openGoldenModel(file, family, options);
    const { cases } = readJson<{ cases: ModelCase[] }>(family.goldens);
    const tensors = readTensors(path.dirname(family.goldens), "goldens.safetensors");
    const first = (type: ModelCase["type"]) => cases.find((candidate) => candidate.type === type)!;
    const results = [];
    for (const type of ["text", "unet", "vae_encode", "vae_decode"] as const)
      results.push(...(await runCase(runtime, model, { ...first(type), stages: {} }, tensors)));
    return results;
  }

  async function expectItRuns(file: string, family: GoldenFamily, options?: OpenOptions) {
    for (const { name, difference, tolerance } of await run(file, family, options))
      expect(difference, name).toBeLessThan(tolerance);
  }

  /** Expects rounded weights to be as far from the records as the same weights in a float32 folder. */
  async function expectItRunsRounded(file: string, family: GoldenFamily, rounded: ModelTensors) {
    const exact = await run(folder(newTarget(), castModel(rounded, "float32"), family), family);
    for (const [i, { name, difference, tolerance }] of (await run(file, family)).entries())
      expect(Math.abs(difference - exact[i]!.difference), name).toBeLessThan(tolerance);
  }

  const newTarget = () => path.join(root, String(count++));

  async function tryForm({ kind, write, dtype = "float32", options }: Form) {
    const { family, model } = await golden(kind);
    const target = newTarget();
    const inDType = castModel(model, dtype);
    const file = write(target, inDType, family);
    const opened = await openCheckpoint(file, options?.(target));
    expect(opened.family.value).toBe(kind);
    expect(opened.warnings).toEqual([]);
    expect(new Set([...opened.unet.tensors.values()].map((stored) => stored.dtype))).toEqual(new Set([dtype]));
    if (dtype === "float32") await expectItRuns(file, family, options?.(target));
    else await expectItRunsRounded(file, family, inDType);
  }

  describe("a single file runs as it was recorded:", () => {
    test.each(singleFiles.map((form) => [form.name, form] as const))("%s", (_, form) => tryForm(form));
  });

  describe("a Diffusers folder runs as it was recorded:", () => {
    test.each(folders.map((form) => [form.name, form] as const))("%s", (_, form) => tryForm(form));
  });

  describe("another VAE runs as it was recorded:", () => {
    test.each(vaeFiles.map((form) => [form.name, form] as const))("%s", async (_, { write }) => {
      const { family, model } = await golden("sd1");
      const broken = new Map([...model.vae].map(([name, array]) => [name, zeros(array.shape)]));
      const file = folder(newTarget(), { ...castModel(model, "float32"), vae: broken }, family);
      const vae = write(newTarget(), cast(model.vae, "float32"));
      await expectItRuns(file, family, { vae });
    });
  });

  test("a model in the cache of the Hugging Face hub, behind its links, runs as it was recorded", async () => {
    const { family, model } = await golden("sd1");
    const plain = folder(newTarget(), model, family);
    const cache = newTarget();
    const commit = "0123456789abcdef0123456789abcdef01234567";
    const repository = path.join(cache, "models--a--b");
    const files = [...filesOf(plain)];
    mkdirSync(path.join(repository, "blobs"), { recursive: true });
    mkdirSync(path.join(repository, "refs"));
    writeFileSync(path.join(repository, "refs", "main"), commit);
    for (const [i, [name, bytes]] of files.entries()) {
      const blob = path.join(repository, "blobs", String(i));
      const place = path.join(repository, "snapshots", commit, name);
      writeFileSync(blob, bytes);
      mkdirSync(path.dirname(place), { recursive: true });
      symlinkSync(path.relative(path.dirname(place), blob), place);
    }
    vi.stubEnv("HF_HUB_CACHE", cache);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const { value } = await localModel("a/b").next();
    vi.unstubAllEnvs();
    await expectItRuns(value as string, family);
  });

  test("a text encoder of SD2 loses its 24th block and no other; those beyond are told", async () => {
    const { model } = await golden("sd2");
    const tensors = singleFileTensors(model, "sd2");
    const block = (name: string, number: number) => name.replace("resblocks.23.", `resblocks.${number}.`);
    const more = [...tensors].filter(([name]) => name.includes("resblocks.23."));
    const longer = new Map([...tensors, ...more.map(([name, array]) => [block(name, 24), array] as const)]);
    for (const file of [tensors, longer]) {
      const { textEncoder, warnings } = await openCheckpoint(safetensors(newTarget(), file));
      expect(textEncoder.tensors.size).toBe(model.textEncoder.size);
      expect(warnings).toEqual(file === tensors ? [] : [expect.stringMatching(/12 tensors .*resblocks\.24\./)]);
    }
  });

  test("the file says what it predicts", async () => {
    const { model } = await golden("sd1");
    const networks = singleFileTensors(model, "sd1");
    const predicted = async (more: Tensors, metadata = {}) => {
      const file = safetensors(newTarget(), new Map([...networks, ...more]), metadata);
      const { predictionType, hasZeroTerminalSnr } = await openCheckpoint(file);
      return [predictionType.value, hasZeroTerminalSnr];
    };
    expect(await predicted(new Map())).toEqual(["epsilon", false]);
    expect(await predicted(new Map(), { "modelspec.prediction_type": "v" })).toEqual(["v_prediction", false]);
    expect(await predicted(new Map([["v_pred", zeros([])]]))).toEqual(["v_prediction", false]);
    expect(
      await predicted(
        new Map([
          ["v_pred", zeros([])],
          ["ztsnr", zeros([])],
        ]),
      ),
    ).toEqual(["v_prediction", true]);
  });

  test("the training steps of an SD2 .ckpt tell its two kinds apart", async () => {
    const { model } = await golden("sd2");
    const state = Object.fromEntries(singleFileTensors(model, "sd2"));
    for (const [steps, expected] of [
      [875_000, "epsilon"],
      [140_000, "v_prediction"],
    ] as const) {
      const file = torchFile(newTarget(), { global_step: steps, state_dict: state });
      expect((await openCheckpoint(file)).predictionType.value).toBe(expected);
      // Steps are a rule of thumb: the user's setting takes precedence.
      const { predictionType, warnings } = await openCheckpoint(file, { predictionType: "v_prediction" });
      expect([predictionType.value, warnings.length]).toEqual(["v_prediction", expected === "epsilon" ? 1 : 0]);
    }
  });
});
