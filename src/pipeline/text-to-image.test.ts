import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { relativeDistance } from "../../test/goldens.ts";
import { meanDifference } from "../../test/pictures.ts";
import { openTinySd } from "../../test/tiny-sd.ts";
import { arrayOf, type NdArray } from "../array/index.ts";
import { clipMerges } from "../assets/index.ts";
import { type DiffusionModel, firstPlaceholderId } from "../models/index.ts";
import { decodeImages } from "../networks/index.ts";
import type { Picture } from "../pictures/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { eosId } from "../tokenizer/index.ts";
import { encodePrompts } from "./conditioning.ts";
import { openPipeline, type Pipeline } from "./pipeline.ts";
import {
  batchesOf,
  type GenerationEvent,
  type GenerationRequest,
  type SamplingStepEvent,
  samplingOf,
} from "./request.ts";
import { generateImages, sampleLatents } from "./text-to-image.ts";
import { type PromptVocabulary, plainVocabulary, withEmbeddings } from "./vocabulary.ts";

type ImageEvent = Extract<GenerationEvent, { kind: "image" }>;

const small = { width: 64, height: 64, steps: 3, seed: 5, guidanceScale: 4 } as const;
const star = { ...small, prompt: "a large red striped star" } as const;

let runtime: Runtime;
let model: DiffusionModel;
let vocabulary: PromptVocabulary;
let pipeline: Pipeline;

beforeAll(async () => {
  runtime = openRuntime({ threads: 1 });
  model = await openTinySd();
  vocabulary = plainVocabulary(model.family, await clipMerges());
  pipeline = openPipeline({ model, predictionType: "epsilon", vocabulary, runtime });
});
afterAll(() => runtime.close());

test("networks and tokenizer agree on the ids of placeholder tokens: they follow the end-of-text token", () => {
  expect(firstPlaceholderId).toBe(eosId + 1);
});

async function run(request: GenerationRequest, words?: PromptVocabulary): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of generateImages(request, words ? { ...pipeline, vocabulary: words } : pipeline))
    events.push(event);
  return events;
}

const imagesOf = (events: readonly GenerationEvent[]) =>
  events.filter((event): event is ImageEvent => event.kind === "image");
const stepsOf = (events: readonly GenerationEvent[]) =>
  events.filter((event): event is SamplingStepEvent => event.kind === "step");

async function generateOne(request: GenerationRequest, words?: PromptVocabulary): Promise<Picture> {
  return imagesOf(await run(request, words))[0]!.picture;
}

describe("events", () => {
  test("tell every step, then every picture with what it came from, then the end", async () => {
    const events = await run({ ...star, images: 3, batchSize: 2 });
    const kinds = [...Array(3).fill("step"), "image", "image", ...Array(3).fill("step"), "image", "done"];
    expect(events.map(({ kind }) => kind)).toEqual(kinds);
    expect(stepsOf(events).map(({ step, steps, indices }) => [step, steps, indices])).toEqual([
      ...[1, 2, 3].map((step) => [step, 3, [0, 1]]),
      ...[1, 2, 3].map((step) => [step, 3, [2]]),
    ]);
    expect(stepsOf(events)[0]!.latents.shape).toEqual([2, 4, 8, 8]);
    expect(imagesOf(events).map(({ index, parameters }) => [index, parameters.seed])).toEqual([
      [0, 2675342405],
      [1, 3185950873],
      [2, 4051686260],
    ]);
    expect(imagesOf(events)[0]!.parameters).toMatchObject({ prompt: star.prompt, width: 64, height: 64, steps: 3 });
  });

  test("one picture takes the seed itself and does not depend on its batch", async () => {
    const [, second] = imagesOf(await run({ ...star, images: 2, batchSize: 2 }));
    const alone = imagesOf(await run({ ...star, seed: second!.parameters.seed }));
    expect(alone[0]!.parameters.seed).toBe(second!.parameters.seed);
    expect(meanDifference(alone[0]!.picture, second!.picture)).toBeLessThan(0.05);
  });

  test("returning cancels; the pipeline can be used again", async () => {
    let steps = 0;
    for await (const event of generateImages({ ...star, steps: 50 }, pipeline)) {
      expect(event.kind).toBe("step");
      if (++steps === 2) break;
    }
    expect(imagesOf(await run(star))).toHaveLength(1);
  });

  test("a prompt that is too long is reported", async () => {
    const events = await run({ ...star, steps: 1, prompt: "red ".repeat(80) });
    expect(events[0]).toMatchObject({ kind: "warning", message: expect.stringContaining("too long") });
    const longer = await run({ ...star, steps: 1, prompt: "red ".repeat(80), maxEmbeddingsMultiples: 2 });
    expect(longer[0]!.kind).toBe("step");
  });
});

test("prompts, latents and images can be made one after the other, by calls of one's own", async () => {
  const [batch] = batchesOf(star, model.family);
  const conditioning = await encodePrompts(batch!, pipeline);
  const sampling = sampleLatents(batch!, conditioning, pipeline);
  let next = await sampling.next();
  while (!next.done) next = await sampling.next();
  const pictures: Picture[] = [];
  for await (const picture of decodeImages(pipeline.networks, next.value, batch!.sampling)) pictures.push(picture);
  expect(pictures).toEqual([await generateOne(star)]);
});

describe("guidance", () => {
  test("without it the negative prompt plays no part", async () => {
    const pictures = await Promise.all(
      ["", "green"].map((negativePrompt) => generateOne({ ...star, guidanceScale: 1, negativePrompt })),
    );
    expect(pictures[0]).toEqual(pictures[1]);
  });

  test("a negative scale leads away from the negative prompt, starting from the empty one", async () => {
    const negativePrompt = "a green background";
    const [plain, none, strong] = await Promise.all([
      generateOne({ ...star, negativePrompt: "" }),
      generateOne({ ...star, negativePrompt, negativeScale: 0 }),
      generateOne({ ...star, negativePrompt, negativeScale: 3 }),
    ]);
    expect(meanDifference(plain!, none!)).toBeLessThan(0.05);
    expect(meanDifference(plain!, strong!)).toBeGreaterThan(1);
    const events = await run({ ...star, guidanceScale: 1, negativeScale: 2 });
    expect(events[0]).toMatchObject({ kind: "warning", message: expect.stringContaining("negative scale") });
  });
});

describe("learned words", () => {
  const width = 96;
  // no constant rows: layer norms would remove them
  const rowsOf = (size: number): NdArray<Float32Array> =>
    arrayOf(
      [2, width],
      Float32Array.from({ length: 2 * width }, (_, i) => size * Math.cos(i * i)),
    );
  const named = (name: string, rows: NdArray<Float32Array>) => ({ name, vectors: [rows], file: `${name}.pt` });

  test("are fed at every call, so rows being learned take effect at once", async () => {
    const words = withEmbeddings(vocabulary, [named("blorp", rowsOf(0.1))]);
    const request = { ...star, prompt: "a blorp" };
    const before = await generateOne(request, words);
    const after = await generateOne(request, { ...words, embeddings: [rowsOf(-0.1)] });
    expect(meanDifference(before, after)).toBeGreaterThan(0.5);
    expect(await generateOne(request, words)).toEqual(before);
    expect(meanDifference(await generateOne(request), before)).toBeGreaterThan(0.5);
  });

  test("stand for all their vectors, in several files too", () => {
    const words = withEmbeddings(vocabulary, [named("blorp", rowsOf(1)), named("zapdot", rowsOf(2))]);
    expect(words.tokenizers[0]!.encode("zapdot blorp1")).toEqual([49410, 49409]);
    expect(words.replacements).toEqual(
      new Map([
        [49408, [49408, 49409]],
        [49410, [49410, 49411]],
      ]),
    );
    expect(words.embeddings![0]!.shape).toEqual([4, width]);
    expect(words.embeddings![0]!.data[2 * width]).toBe(2);
  });

  test.each([
    [["blorp", "blorp1"], "blorp1.pt", '"blorp1"'],
    [["blorp", "blorp"], "blorp.pt", '"blorp"'],
    [["cat"], "cat.pt", '"cat"'],
  ])("%j clash, and the file is named", (names, where, token) => {
    const words = names.map((name) => named(name, rowsOf(0)));
    expect(() => withEmbeddings(vocabulary, words)).toThrow(
      expect.objectContaining({ code: "TOKEN_EXISTS", where, message: expect.stringContaining(token) }),
    );
  });
});

describe("image to image", () => {
  let source: Picture;
  beforeAll(async () => {
    source = await generateOne({ ...star, steps: 8 });
  });

  test("the strength says how much is drawn anew", async () => {
    const differences: number[] = [];
    for (const strength of [0, 0.4, 1]) {
      const picture = await generateOne({
        ...star,
        prompt: "a blue circle",
        steps: 10,
        init: { picture: source },
        strength,
      });
      differences.push(meanDifference(picture, source));
    }
    expect(differences[0]).toBeLessThan(20);
    expect(differences.toSorted((a, b) => a - b)).toEqual(differences);
    const events = await run({ ...star, steps: 10, init: { picture: source }, strength: 0.5 });
    // with sd-scripts' offset the noise is that of step 4, and step 5 is the first
    expect(stepsOf(events)).toHaveLength(5);
    expect(stepsOf(await run({ ...star, steps: 10, init: { picture: source }, strength: 0 }))).toHaveLength(0);
  });

  test("what a mask keeps stays, the rest changes", async () => {
    const half = new Uint8Array(64 * 64).map((_, i) => (i % 64 < 32 ? 0 : 255));
    const mask: Picture = { width: 64, height: 64, channels: 1, data: half };
    const request = { ...star, prompt: "a blue circle", steps: 12, strength: 1, init: { picture: source, mask } };
    const latents = stepsOf(await run(request)).at(-1)!.latents.data;
    const other = stepsOf(await run({ ...request, prompt: "a green heart" })).at(-1)!.latents.data;
    // one column at the border of the mask is mixed
    const side = (isLeft: boolean) => (_: number, i: number) => i % 8 < 3 === isLeft;
    expect([...latents].filter(side(true))).toEqual([...other].filter(side(true)));
    expect(relativeDistance([...latents].filter(side(false)), [...other].filter(side(false)))).toBeGreaterThan(0.1);
  });

  test("without a size the picture's own is taken, rounded down to 32", async () => {
    const data = new Uint8Array(70 * 100 * 3);
    const picture = await generateOne({
      ...star,
      width: undefined,
      height: undefined,
      init: { picture: { width: 70, height: 100, channels: 3, data } },
    });
    expect([picture.width, picture.height]).toEqual([64, 96]);
  });

  test("a mask of another size is refused", async () => {
    const mask: Picture = { width: 96, height: 64, channels: 1, data: new Uint8Array(96 * 64) };
    await expect(run({ ...star, init: { picture: source, mask } })).rejects.toMatchObject({ code: "PICTURE_SIZE" });
  });
});

describe("highres fix", () => {
  const highres = { scale: 0.5, steps: 2, keepsFirst: true } as const;
  const request = { ...star, width: 128, height: 64, steps: 4 };

  test("draws small, enlarges and draws on", async () => {
    const events = await run({ ...request, highres: { ...highres, upscale: "picture" } });
    expect(stepsOf(events).map(({ pass, latents }) => [pass, latents.shape[3]])).toEqual([
      ...Array(2).fill(["first", 8]),
      ...Array(3).fill(["final", 16]),
    ]);
    expect(imagesOf(events).map(({ pass, picture, parameters }) => [pass, picture.width, parameters.steps])).toEqual([
      ["first", 64, 2],
      ["final", 128, 4],
    ]);
    expect(imagesOf(events).map(({ parameters }) => parameters.seed)).toEqual([5, 5]);
  });

  test("or enlarges latents, without a picture in between", async () => {
    const events = await run({ ...request, highres: { ...highres, upscale: "latents" } });
    expect(imagesOf(events).map(({ pass }) => pass)).toEqual(["final"]);
  });

  test("a first pass of no size is refused", async () => {
    const tooSmall = { ...highres, scale: 0.2, upscale: "latents" } as const;
    await expect(run({ ...request, highres: tooSmall })).rejects.toMatchObject({ code: "PICTURE_SIZE" });
  });
});

test("the VAE takes pictures in parts and draws the same", async () => {
  const request = { ...star, images: 3, batchSize: 3 };
  const [whole, single, half] = await Promise.all(
    [undefined, 1, 0.7].map(async (vaeBatchSize) => imagesOf(await run({ ...request, vaeBatchSize }))),
  );
  for (const parts of [single!, half!]) {
    expect(parts).toHaveLength(3);
    parts.forEach(({ picture }, i) => {
      expect(meanDifference(picture, whole![i]!.picture)).toBeLessThan(0.01);
    });
  }
});

test("the VAE takes pictures in bands and draws the same", async () => {
  const highres = { scale: 0.5, steps: 2, upscale: "picture", keepsFirst: false } as const;
  const request = { ...star, images: 2, batchSize: 2, highres };
  const [whole, banded] = await Promise.all(
    [1, 3].map(async (vaeSlices) => imagesOf(await run({ ...request, vaeSlices, vaeBatchSize: 1 }))),
  );
  expect(banded).toHaveLength(2);
  banded!.forEach(({ picture }, i) => {
    expect(meanDifference(picture, whole![i]!.picture)).toBeLessThan(0.01);
  });
});

test("previews follow their own rules", async () => {
  const preview = samplingOf({ prompt: "", compatibility: "preview" }, "sdxl");
  expect(preview).toMatchObject({ width: 512, height: 512, steps: 30, maxEmbeddingsMultiples: 1 });
  expect(samplingOf({ prompt: "", compatibility: "preview" }, "sd1").maxEmbeddingsMultiples).toBe(3);
  expect(samplingOf({ prompt: "" }, "sdxl")).toMatchObject({ width: 1024, height: 1024, steps: 50 });
  // without offset of timesteps, and with the predicted original clipped: a different image
  const [own, other] = [await generateOne({ ...star, compatibility: "preview" }), await generateOne(star)];
  expect(meanDifference(own, other)).toBeGreaterThan(0.5);
  // AND and BREAK are plain words
  expect(
    imagesOf(await run({ ...star, compatibility: "preview", prompt: "a star AND a ring BREAK red" })),
  ).toHaveLength(1);
});

test.each<[string, Partial<GenerationRequest>, string]>([
  ["a size that is no multiple of 8", { width: 100 }, "PICTURE_SIZE"],
  ["no size", { height: 0 }, "PICTURE_SIZE"],
  ["a strength above 1", { strength: 1.5 }, "SETTINGS_CONFLICT"],
  ["too many steps", { steps: 1001 }, "SAMPLER_STEPS"],
  ["regions", { prompt: "a star AND a ring" }, "PROMPT_UNSUPPORTED"],
  ["a broken weight", { prompt: "(a:1.2.3)" }, "PROMPT_WEIGHT_INVALID"],
])("%s is refused", async (_, part, code) => {
  await expect(run({ ...star, ...part })).rejects.toMatchObject({ code });
});

test("zero terminal SNR works with the samplers that can begin without signal", async () => {
  const own = openPipeline({ model, predictionType: "v_prediction", hasZeroTerminalSnr: true, vocabulary, runtime });
  const images: ImageEvent[] = [];
  for await (const event of generateImages({ ...star, sampler: "euler" }, own))
    if (event.kind === "image") images.push(event);
  expect(images).toHaveLength(1);
  const refused = generateImages({ ...star, sampler: "lms" }, own).next();
  await expect(refused).rejects.toMatchObject({ code: "SETTINGS_CONFLICT", hint: expect.stringContaining("euler") });
  await own.networks.close();
  // the caller's runtime is still open
  expect(imagesOf(await run(star))).toHaveLength(1);
});

// one that preserves variance, one that does not, and one with two evaluations per step
test.each(["ddim", "euler", "heun"] as const)(
  "the predicted originals of %s come closer and closer to the picture",
  async (sampler) => {
    const previews: Picture[] = [];
    let picture: Picture | undefined;
    const request = {
      prompt: "a large red striped star",
      width: 64,
      height: 64,
      steps: 12,
      guidanceScale: 4,
      seed: 5,
      sampler,
    };
    for await (const event of generateImages(request, pipeline)) {
      if (event.kind === "step" && [3, 6, 9].includes(event.step))
        for await (const preview of decodeImages(pipeline.networks, event.predictedOriginal(), {}))
          previews.push(preview);
      if (event.kind === "image") picture = event.picture;
    }
    expect(previews).toHaveLength(3);
    const distances = previews.map((preview) => meanDifference(preview, picture!));
    expect(distances).toEqual([...distances].sort((a, b) => b - a));
    expect(distances[2]).toBeGreaterThan(0);
    expect(distances[2]).toBeLessThan(15);
  },
);
