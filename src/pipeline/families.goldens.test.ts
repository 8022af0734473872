import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeGoldens, largestDifference, readJson } from "../../test/goldens.ts";
import { clipMerges } from "../assets/index.ts";
import { openCheckpoint } from "../checkpoint/index.ts";
import { type DiffusionModel, diffusionModel, type NetworkSource } from "../models/index.ts";
import { Networks } from "../networks/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { encodePrompts, timeIdsOf } from "./conditioning.ts";
import { openPipeline } from "./pipeline.ts";
import { type GenerationEvent, type GenerationRequest, samplingOf } from "./request.ts";
import { generateImages } from "./text-to-image.ts";
import { plainVocabulary } from "./vocabulary.ts";

type Config = Readonly<Record<string, unknown>>;

interface FamilyEntry {
  readonly name: string;
  readonly files: readonly { readonly path: string }[];
  readonly configs: Readonly<Record<"text_encoder" | "text_encoder_2" | "unet" | "vae", Config>>;
}

const request = { width: 64, height: 32, steps: 2, seed: 1, prompt: "a red star" } satisfies GenerationRequest;

describeGoldens("models", (folder) => {
  let runtime: Runtime;
  beforeAll(() => {
    runtime = openRuntime({ threads: 1 });
  });
  afterAll(() => runtime.close());
  const { families } = readJson<{ families: FamilyEntry[] }>(folder, "index.json");

  test.each(families)("$name generates, with prompts of any length and from images", async (family) => {
    const model = await modelOf(folder, family);
    const pipeline = openPipeline({
      model,
      predictionType: family.name === "sd2" ? "v_prediction" : "epsilon",
      vocabulary: plainVocabulary(model.family, await clipMerges()),
      runtime,
    });
    const [first] = await pictures(generateImages({ ...request, sampler: "euler_a" }, pipeline));
    expect([first!.picture.width, first!.picture.height]).toEqual([64, 32]);
    const long = { ...request, prompt: "red ".repeat(100), maxEmbeddingsMultiples: 2, negativeScale: 1 };
    expect(await pictures(generateImages(long, pipeline))).toHaveLength(1);
    expect(await pictures(generateImages({ ...request, compatibility: "preview" }, pipeline))).toHaveLength(1);
    const init = { picture: first!.picture };
    expect(await pictures(generateImages({ ...request, init, strength: 0.5 }, pipeline))).toHaveLength(1);
    await pipeline.networks.close();
  });

  const sdxl = families.find(({ name }) => name === "sdxl");
  test.runIf(sdxl)("SDXL gets time ids, and the pooled text of each prompt, the empty one's too", async () => {
    const model = await modelOf(folder, sdxl!);
    const networks = new Networks(model, runtime);
    const vocabulary = plainVocabulary("sdxl", await clipMerges());
    const images = [{ prompt: "a star", negativePrompt: "", seed: 1 }];
    const sizes = { originalWidth: 256, cropTop: 3, originalHeightNegative: 99 };
    const conditioningFor = async (more: Partial<GenerationRequest>) => {
      const sampling = samplingOf({ ...request, ...more }, "sdxl");
      const conditioning = await encodePrompts({ sampling, images }, { networks, vocabulary });
      return { ...conditioning, timeIds: timeIdsOf(conditioning.groups, images.length, sampling) };
    };
    const told = await conditioningFor({ sizeConditions: sizes, negativeScale: 1 });
    expect(told.groups).toHaveLength(3);
    expect([...told.timeIds.data]).toEqual([
      ...[99, 256, 3, 0, 32, 64],
      ...[32, 256, 3, 0, 32, 64],
      ...[99, 256, 3, 0, 32, 64],
    ]);
    const [negative, positive, empty] = rowsOf(told.pooled!.data, 3);
    expect(largestDifference(negative!, empty!)).toBe(0);
    expect(largestDifference(positive!, empty!)).toBeGreaterThan(1e-3);
    expect([...(await conditioningFor({})).timeIds.data]).toEqual([
      ...[32, 64, 0, 0, 32, 64],
      ...[32, 64, 0, 0, 32, 64],
    ]);

    // previews join chunks as training does
    const whole = await conditioningFor({ compatibility: "preview", guidanceScale: 1 });
    const trimmed = await conditioningFor({ compatibility: "preview", guidanceScale: 1, maxEmbeddingsMultiples: 2 });
    expect([whole.encoderHiddenStates.shape[1], trimmed.encoderHiddenStates.shape[1]]).toEqual([77, 152]);
    const width = whole.encoderHiddenStates.shape[2]!;
    const beginning = 76 * width;
    expect(
      largestDifference(
        whole.encoderHiddenStates.data.subarray(0, beginning),
        trimmed.encoderHiddenStates.data.subarray(0, beginning),
      ),
    ).toBeLessThan(1e-5);
    await networks.close();
  });
});

async function modelOf(folder: string, { files, configs }: FamilyEntry): Promise<DiffusionModel> {
  const checkpoint = await openCheckpoint(path.join(folder, files[0]!.path));
  // a single file does not contain the numbers of heads and groups, which are unusual in these small models
  const withConfig = (source: NetworkSource, config: Config): NetworkSource => ({
    ...source,
    config: source.config ?? config,
  });
  const { textEncoder2 } = checkpoint;
  return diffusionModel({
    family: checkpoint.family.value,
    unet: withConfig(checkpoint.unet, configs.unet),
    vae: withConfig(checkpoint.vae, configs.vae),
    textEncoder: withConfig(checkpoint.textEncoder, configs.text_encoder),
    textEncoder2: textEncoder2 && withConfig(textEncoder2, configs.text_encoder_2),
  });
}

async function pictures(generation: AsyncGenerator<GenerationEvent>) {
  const images: Extract<GenerationEvent, { kind: "image" }>[] = [];
  for await (const event of generation) {
    if (event.kind === "step") expect(event.latents.data.every(Number.isFinite)).toBe(true);
    if (event.kind === "image") images.push(event);
  }
  return images;
}

function rowsOf(data: Float32Array, count: number): Float32Array[] {
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) => data.subarray(i * size, (i + 1) * size));
}
