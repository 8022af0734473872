import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Embedding,
  type GenerateInput,
  type GenerationRunEvent,
  generate,
  plan,
  resultOf,
  type TrainInput,
  type TrainingEvent,
  train,
} from "../src/index.ts";
import { type Model, openModel, type Picture, readImage } from "../src/pipeline.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-library-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pretrainedModelNameOrPath = "assets/tiny-sd";
const drawing: GenerateInput = {
  ...{ pretrainedModelNameOrPath, width: 64, height: 64, steps: 2, seed: 5, threads: 1 },
  prompt: "a photo of a cross",
  outputDir: path.join(folder, "images"),
};
const training = (name: string): TrainInput => ({
  pretrainedModelNameOrPath,
  datasetConfig: "assets/concepts/pink-striped-cross.toml",
  ...{
    tokenString: "brimsy",
    initWord: "cross",
    numVectorsPerToken: 2,
    learningRate: 5e-3,
    maxTrainSteps: 2,
    threads: 1,
  },
  ...{ outputDir: folder, outputName: name, saveModelAs: "safetensors" },
});

describe("train", () => {
  test("returns what was learned, as its file holds it", async () => {
    const result = await resultOf(train(training("learned")));
    expect(result).toMatchObject({ file: path.join(folder, "learned.safetensors"), step: 2, isInterrupted: false });
    const { name, vectors } = result!.embedding;
    expect([name, vectors.map(({ shape }) => shape)]).toEqual(["learned", [[2, 96]]]);
  });

  test("ends in order after the step at which its signal is aborted, and before any when it is aborted already", async () => {
    const controller = new AbortController();
    const stop = ({ kind }: { readonly kind: string }) => kind === "step" && controller.abort();
    const result = await resultOf(train(training("stopped"), { signal: controller.signal }), stop);
    expect(result).toMatchObject({ step: 1, isInterrupted: true });
    expect(existsSync(result!.file)).toBe(true);
    const kinds: string[] = [];
    const again = train(training("never"), { signal: controller.signal });
    expect(await resultOf(again, ({ kind }) => kinds.push(kind))).toBeUndefined();
    expect(kinds).not.toContain("start");
  });
});

test("docs/library.md tells of every kind of event", () => {
  const kinds = {
    train: {
      ...{ download: 1, warning: 1, start: 1, caching: 1, step: 1, epoch: 1, sample: 1, saved: 1, removed: 1 },
      ...{
        evaluation: 1,
        tryingWords: 1,
        initWord: 1,
        stopping: 1,
        choice: 1,
        stateSaved: 1,
        drawing: 1,
        sampling: 1,
        report: 1,
        workerJoined: 1,
        workerLeft: 1,
        workerRefused: 1,
        reissued: 1,
        duplicateDiffers: 1,
        queueDown: 1,
        queueBack: 1,
        noWorkers: 1,
        queueWarning: 1,
        encoded: 1,
        done: 1,
      },
    } satisfies Record<TrainingEvent["kind"], 1>,
    generate: {
      ...{ download: 1, warning: 1, model: 1, embedding: 1, start: 1, asking: 1, prompt: 1, step: 1, preview: 1 },
      ...{ previewImages: 1, saved: 1, image: 1, sheet: 1, done: 1 },
    } satisfies Record<GenerationRunEvent["kind"], 1>,
  };
  const [, train, generate] = readFileSync("docs/library.md", "utf8").split(/^## (?:Train|Generate|Embeddings)$/m);
  for (const [section, known] of [
    [train!, kinds.train],
    [generate!, kinds.generate],
  ] as const)
    expect(Object.keys(known).filter((kind) => !section.includes(`\`${kind}\``))).toEqual([]);
});

test("plan rejects with the reason of an aborted signal", async () => {
  await expect(plan(training("planned"), { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
});

describe("generate", () => {
  test("without writing: events carry the images, which are the bytes that would have been written", async () => {
    const written = await resultOf(generate(drawing));
    const kinds: string[] = [];
    const inMemory = { ...drawing, outputDir: path.join(folder, "never") };
    const { files, images } = await resultOf(generate(inMemory, { write: false }), ({ kind }) => kinds.push(kind));
    expect([files, existsSync(path.join(folder, "never"))]).toEqual([[], false]);
    expect(kinds.filter((kind) => kind === "image" || kind === "saved")).toEqual(["image"]);
    expect(images).toMatchObject([{ width: 64, height: 64, channels: 3 }]);
    expect(Buffer.compare(await images[0]!.toPng(), readFileSync(written.files[0]!))).toBe(0);
  });

  test("takes embeddings from memory", async () => {
    const word = {
      name: "mycat",
      vectors: [{ dtype: "float32", shape: [1, 96], data: new Float32Array(96) }],
    } as const;
    const settings = { ...drawing, prompt: "a photo of mycat" };
    const tokens: string[] = [];
    const run = generate(settings, { write: false, embeddings: [word] });
    await resultOf(run, (event) => event.kind === "embedding" && tokens.push(...event.tokens));
    expect(tokens).toEqual(["mycat"]);
  });

  test("ends after the step at which its signal is aborted, and before any when it is aborted already", async () => {
    const controller = new AbortController();
    const kinds: string[] = [];
    const run = generate(drawing, { write: false, signal: controller.signal });
    const result = await resultOf(run, ({ kind }) => {
      kinds.push(kind);
      if (kind === "step") controller.abort();
    });
    expect([result, kinds.at(-1)]).toEqual([{ files: [], images: [], isInterrupted: true }, "step"]);
    const again = await resultOf(generate(drawing, { signal: controller.signal }), () => expect.unreachable());
    expect(again).toEqual({ files: [], images: [], isInterrupted: true });
  });

  test("an abort ends the wait for the next prompt", async () => {
    const controller = new AbortController();
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<string>>(() => {}) }) };
    const run = generate(drawing, { write: false, prompts: never, signal: controller.signal });
    await resultOf(run, ({ kind }) => kind === "asking" && setImmediate(() => controller.abort()));
  });
});

describe("a model that stays loaded", () => {
  let model: Model;
  beforeAll(async () => {
    model = await openModel(pretrainedModelNameOrPath, { threads: 1 });
  });
  afterAll(() => model.close());

  const request = { prompt: "a photo of a cross", width: 64, height: 64, steps: 2, seed: 5 } as const;
  const embedding = (name: string, value: number): Pick<Embedding, "name" | "vectors"> => ({
    name,
    vectors: [{ dtype: "float32", shape: [2, 96], data: new Float32Array(192).map((_, i) => value * Math.sin(i)) }],
  });
  const pixels = async (more: object = {}) => (await resultOf(model.generate({ ...request, ...more })))[0]!.data;

  test("generates what the command line does", async () => {
    expect(model).toMatchObject({ family: "sd1", predictionType: "epsilon", device: "cpu", warnings: [] });
    const [written] = (await resultOf(generate({ ...drawing, sampler: "ddim" }))).files;
    const [image] = await resultOf(model.generate({ ...request, sampler: "ddim" }));
    expect(Buffer.compare(image!.data, (await readImage(written!)).data)).toBe(0);
  });

  test("takes embeddings as values, for one request", async () => {
    const [word, other] = [embedding("mycat", 0.2), embedding("mycat", -0.2)];
    const prompt = "a photo of mycat";
    const drawn = await pixels({ prompt, embeddings: [word] });
    expect(Buffer.compare(await pixels({ prompt, embeddings: [other] }), drawn)).not.toBe(0);
    expect(Buffer.compare(await pixels({ prompt, embeddings: [word] }), drawn)).toBe(0);
    expect(Buffer.compare(await pixels({ prompt }), drawn)).not.toBe(0);
  });

  test.each([
    ["the name of a word", embedding("cat", 0), "TOKEN_EXISTS"],
    [
      "another width",
      { name: "mycat", vectors: [{ dtype: "float32", shape: [1, 3], data: new Float32Array(3) }] },
      "EMBEDDING_WIDTH",
    ],
    ["tables of another family", { name: "mycat", vectors: [] }, "EMBEDDING_FAMILY"],
    ["numbers that are not finite", embedding("mycat", Number.NaN), "EMBEDDING_NOT_FINITE"],
    ["vectors for layers of another model", { ...embedding("mycat", 0), layers: ["IN01"] }, "EMBEDDING_LAYERS"],
  ] as const)("refuses an embedding with %s", async (_, wrong, code) => {
    const refused = resultOf(model.generate({ ...request, embeddings: [wrong] }));
    await expect(refused).rejects.toMatchObject({ code });
  });

  test("encodes, samples and decodes step by step to the same image", async () => {
    const conditioning = await model.encodePrompts(request);
    const steps: number[] = [];
    const latents = await resultOf(model.sample({ ...request, conditioning }), ({ step }) => steps.push(step));
    expect([steps, latents!.shape]).toEqual([
      [1, 2],
      [1, 4, 8, 8],
    ]);
    const [image] = await model.decode(latents!);
    expect(Buffer.compare(image!.data, await pixels())).toBe(0);
  });

  test("starts from an image that it generated", async () => {
    const [picture] = await resultOf(model.generate(request));
    const [again] = await resultOf(model.generate({ ...request, init: { picture: picture! }, strength: 0.5 }));
    expect(again).toMatchObject({ width: 64, height: 64 });
    expect(Buffer.compare(again!.data, picture!.data)).not.toBe(0);
  });

  test("samples on from latents of an image", async () => {
    const grey: Picture = { width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(128) };
    const initLatents = await model.encode([grey]);
    const latents = await resultOf(model.sample({ ...request, initLatents, strength: 0.5 }));
    expect(latents!.shape).toEqual(initLatents.shape);
    await expect(model.encode([{ ...grey, width: 63 }])).rejects.toMatchObject({ code: "PICTURE_SIZE" });
  });

  test("takes calls that overlap, and gives each what it would get alone", async () => {
    const prompts = ["a photo of a cross", "a photo of a star"];
    const alone = [await pixels({ prompt: prompts[0] }), await pixels({ prompt: prompts[1] })];
    const together = await Promise.all(prompts.map((prompt) => pixels({ prompt })));
    expect(together.map((data, i) => Buffer.compare(data, alone[i]!))).toEqual([0, 0]);
  });

  test("ends in order when a signal is aborted: generators return, promises reject", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const run = model.generate({ ...request, images: 2 }, { signal });
    const images = await resultOf(run, ({ kind }) => kind === "image" && controller.abort("enough"));
    expect(images).toHaveLength(1);
    expect(await resultOf(model.sample(request, { signal }))).toBeUndefined();
    await expect(model.decode({ dtype: "float32", shape: [0], data: new Float32Array() }, { signal })).rejects.toBe(
      "enough",
    );
  });
});
