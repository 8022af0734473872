import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  describeGoldens,
  float32,
  largestDifference,
  readJson,
  readTensors,
  relativeDistance,
  unpackGoldens,
} from "../../test/goldens.ts";
import { type NdArray, stack } from "../array/index.ts";
import type { DatasetGroup, MicroBatch, Sample } from "../dataset/index.ts";
import { drawTrainingBatch } from "../diffusion/index.ts";
import { readEmbeddingFile } from "../embedding/index.ts";
import { prepareOutputFolder } from "../files/index.ts";
import { parseSafetensors } from "../formats/safetensors/index.ts";
import { parseTrainArguments, readTrainRequest, type TrainSettings } from "../options/index.ts";
import { type Picture, pictureToFloats } from "../pictures/index.ts";
import { TorchGenerator } from "../random/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { computeMicroStep, samplesOf } from "./loop/micro-step.ts";
import type { MicroStepResult } from "./loop/micro-step-data.ts";
import { LoweredMicroStep } from "./loop/micro-step-program.ts";
import { addGradients, gradientNorm, learnedGradients, type TokenGradients } from "./loop/token-gradients.ts";
import { embeddingFile, type Moment } from "./output/names.ts";
import { openInputs } from "./setup/inputs.ts";
import { type OpenRun, openRun } from "./setup/open-run.ts";
import { openVaeEncoder } from "./setup/vae-encoder.ts";

interface Position {
  readonly outputs: number;
  readonly cached_normal: boolean;
}

interface RecordedBatch {
  readonly image_keys: readonly string[];
  readonly flipped: readonly boolean[];
  readonly captions: readonly string[];
  readonly bucket: readonly [number, number];
  readonly input_ids: readonly (readonly (readonly number[])[])[];
  readonly timesteps: readonly number[];
  readonly sample_losses: readonly number[];
  readonly loss: number;
  readonly sync: boolean;
  readonly rng_before_noise: Position;
}

interface Recorded {
  readonly args: readonly string[];
  readonly seed: number;
  readonly token_strings: readonly string[];
  readonly token_ids: readonly number[];
  readonly micro_batches: readonly RecordedBatch[];
  readonly steps: readonly { readonly learning_rate: number; readonly grad_norm_before_clipping: number | null }[];
  readonly vae_calls: readonly { readonly rng: Position }[];
  readonly vae_calls_are: string;
  readonly files: readonly string[];
  readonly file_metadata: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Of the largest element. */
const gradientTolerance = 1e-3;

describeGoldens("reference-run", (folder) => {
  const start = process.cwd();
  let output: string;
  let runtime: Runtime;
  beforeAll(() => {
    output = mkdtempSync(path.join(os.tmpdir(), "coinage-replay-"));
    process.chdir(unpackGoldens(folder, path.join(output, "goldens")));
    runtime = openRuntime({ threads: 1 });
  });
  afterAll(async () => {
    process.chdir(start);
    await runtime.close();
    rmSync(output, { recursive: true });
  });

  for (const entry of readJson<{ runs: { name: string; folder: string }[] }>(folder, "index.json").runs) {
    describe(entry.name, () => {
      const recorded = readJson<Recorded>(folder, entry.folder, "run.json");
      const tensors = readTensors(folder, entry.folder, "tensors.safetensors");

      test("the same numbers step by step, and the same files", async () => {
        const settings = { ...(await settingsOf(recorded)), outputDir: path.join(output, entry.name) };
        const inputs = await openInputs(settings);
        expect([inputs.placeholder.tokens, inputs.placeholder.ids]).toEqual([
          recorded.token_strings,
          recorded.token_ids,
        ]);
        const rowsAt = (name: string) => float32(tensors, name);
        const initialEmbeddings = [rowsAt("rows_initial")];
        if (settings.initWord || settings.weights)
          expect(inputs.placeholder.initialEmbeddings.map(({ data }) => data)).toEqual(
            initialEmbeddings.map(({ data }) => data),
          );
        await prepareOutputFolder(settings.outputDir, "--output_dir");
        const run = await openRun(settings, { ...inputs, placeholder: { ...inputs.placeholder, initialEmbeddings } });
        const replay = await openReplay(run, recorded, runtime);

        const gathered: TokenGradients = new Map();
        let recordedRows = initialEmbeddings;
        let results: MicroStepResult[] = [];
        const { embeddings, progress, files } = run;
        for (const [index, batch] of recorded.micro_batches.entries()) {
          const name = `mb${String(index).padStart(2, "0")}`;
          const compute = await replay(batch, index, (noise) => {
            expect(largestDifference(noise.data, rowsAt(`${name}.noise`).data), `${name} noise`).toBeLessThan(1e-5);
          });
          // one micro-batch from the recorded rows ...
          const single = await compute(recordedRows);
          expect(relativeDistance(single.sampleLosses, batch.sample_losses), `${name} losses`).toBeLessThan(1e-5);
          addGradients(gathered, single.gradients[0]!);
          const gradient = rowsAt(`${name}.grad_rows`);
          const [count, width] = gradient.shape as readonly [number, number];
          const largest = gradient.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
          const difference = largestDifference(learnedGradients(gathered, count, width, 1), gradient.data);
          expect(difference, `${name} gradient`).toBeLessThanOrEqual(gradientTolerance * largest);

          // ... and the whole run from the initial ones, where the loss may differ by what the allowed drift of the rows makes of it
          const result = await compute(embeddings.current);
          const drift = distance(embeddings.current[0]!.data, recordedRows[0]!.data);
          const slope = Math.hypot(
            ...learnedGradients(single.gradients[0]!, count, width, settings.gradientAccumulationSteps),
          );
          expect(Math.abs(result.loss - batch.loss), `${name} loss`).toBeLessThan(
            1e-4 * batch.loss + 2 * slope * drift,
          );
          results.push(result);
          if (!batch.sync) continue;
          const norm = gradientNorm([gathered]);
          gathered.clear();

          const step = recorded.steps[progress.step]!;
          const lr = run.learningRate();
          expect(lr).toBeCloseTo(step.learning_rate, 12);
          if (step.grad_norm_before_clipping !== null)
            expect(Math.abs(norm / step.grad_norm_before_clipping - 1), `${name} norm`).toBeLessThan(1e-3);
          embeddings.step(results, lr, progress.step);
          results = [];
          progress.completeStep();
          const rows = rowsAt(`step${String(progress.step).padStart(2, "0")}.rows`);
          recordedRows = [rows];
          expect(
            largestDifference(embeddings.current[0]!.data, rows.data),
            `rows of step ${progress.step}`,
          ).toBeLessThan(0.02 * Number(settings.learningRate));
          if (settings.saveEveryNSteps && progress.step % settings.saveEveryNSteps === 0)
            await files.writeEmbedding({ kind: "step", step: progress.step });
        }
        await files.writeEmbedding({ kind: "final" });
        await compareFiles(settings, recorded, path.join(entry.folder, "out"));
      });
    });
  }
});

/** The settings of the recorded command line. */
async function settingsOf({ args }: Recorded): Promise<TrainSettings> {
  const configFile = parseTrainArguments(args).settings.configFile;
  expect(configFile === undefined || configFile.length > 0).toBe(true);
  const request = await readTrainRequest(args);
  if (request.kind !== "train") throw new Error("the recorded command line does not train");
  return request.settings;
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!));
}

/** A generator at a recorded position: sd-scripts draws millions of numbers while it builds its networks. */
function seek(seed: number, { outputs }: Position): TorchGenerator {
  const generator = new TorchGenerator(seed);
  generator.skip(outputs);
  return generator;
}

type Replay = (
  batch: RecordedBatch,
  index: number,
  checkNoise: (noise: NdArray<Float32Array>) => void,
) => Promise<(rows: readonly NdArray<Float32Array>[]) => ReturnType<typeof computeMicroStep>>;

/** Replays recorded batches: images, latents, token ids, noise and timesteps are coinage's own, only the order of batches is recorded. */
async function openReplay(run: OpenRun, recorded: Recorded, runtime: Runtime): Promise<Replay> {
  const { settings, inputs } = run;
  const { model, group } = inputs;
  const encodeAt = async (call: number, pixels: NdArray<Float32Array>) => {
    const vae = openVaeEncoder(model, runtime, seek(recorded.seed, recorded.vae_calls[call]!.rng));
    const latents = await vae.encode(pixels);
    await vae.close();
    return latents;
  };
  let call = 0;
  const cachedAt = async (pictures: readonly Picture[]) => {
    const latents = await encodeAt(call++, stack(pictures.map(pictureToFloats)));
    return () => latents;
  };
  for await (const _ of group.cacheLatents({ encode: cachedAt, digest: () => "" }));
  const samples = await collectSamples(group, inputs.replacements, recorded);
  const vae = { encode: (pixels: NdArray<Float32Array>) => encodeAt(call++, pixels) };
  const lowered = new LoweredMicroStep(settings, inputs, { runtime, computeDtype: "float32" });
  const context = await lowered.load(vae);

  return async (batch, index, checkNoise) => {
    call = settings.cacheLatents ? call : index;
    const micro = await samplesOf(
      {
        index,
        dataset: 0,
        resolution: batch.bucket,
        images: [],
        samples: batch.image_keys.map((key, i) => ({
          ...samples.get(sampleName(key, batch.flipped[i]!))!,
          caption: batch.captions[i]!,
        })),
      } satisfies MicroBatch,
      context.sampleContext,
    );
    expect(micro.tokenIds[0]).toEqual(batch.input_ids);
    const { options, schedule } = context.microStepContext;
    const generators = { ...inputs.generators, torch: seek(recorded.seed, batch.rng_before_noise) };
    const draw = drawTrainingBatch(micro.latents, options, schedule, generators);
    expect(draw.timesteps).toEqual(batch.timesteps);
    checkNoise(draw.noise);
    const scales = { accumulationSteps: settings.gradientAccumulationSteps };
    return (rows) => computeMicroStep(context.microStepContext, rows, micro, draw, scales);
  };
}

function sampleName(key: string, isFlipped: boolean): string {
  return `${key} ${isFlipped}`;
}

/** Every image as the recorded batches use it, mirrored or not: draws epochs until all have come up. */
async function collectSamples(
  group: DatasetGroup,
  replacements: OpenRun["inputs"]["replacements"],
  { micro_batches: batches }: Recorded,
): Promise<Map<string, Sample>> {
  const needed = new Set(
    batches.flatMap(({ image_keys, flipped }) => image_keys.map((key, i) => sampleName(key, flipped[i]!))),
  );
  const found = new Map<string, Sample>();
  const order = Array.from({ length: group.batchesPerEpoch }, (_, i) => i);
  for (let epoch = 1; [...needed].some((name) => !found.has(name)); epoch++) {
    if (epoch > 100) throw new Error("some recorded samples never come up");
    for await (const { samples } of group.epochBatches(epoch, order, {
      replacements,
      maxTrainSteps: 1,
      currentStep: () => 0,
    }))
      for (const sample of samples) found.set(sampleName(sample.imageKey, sample.flipped), sample);
  }
  return found;
}

/** Compares files with the recorded ones: same keys, shapes, types and metadata, rows within 2 % of the learning rate. */
async function compareFiles(
  settings: TrainSettings,
  { files, file_metadata }: Recorded,
  folder: string,
): Promise<void> {
  for (const name of files) {
    const step = /-step(\d+)\./.exec(name)?.[1];
    const moment: Moment = step === undefined ? { kind: "final" } : { kind: "step", step: Number(step) };
    const file = embeddingFile(settings, moment);
    expect(path.basename(file)).toBe(name);
    const [ours, theirs] = [await readEmbeddingFile(file), await readEmbeddingFile(path.join(folder, name))];
    expect([...ours.tables].map(([role, { dtype, shape }]) => [role, dtype, shape])).toEqual(
      [...theirs.tables].map(([role, { dtype, shape }]) => [role, dtype, shape]),
    );
    const expected = file_metadata[name];
    if (!expected) continue;
    const { metadata, tensors } = parseSafetensors(readFileSync(file));
    const undated = (entries: Readonly<Record<string, string>>) => ({
      ...entries,
      "modelspec.date": "",
      "modelspec.implementation_version": "",
    });
    expect(undated(metadata)).toEqual(undated(expected));
    expect([...tensors.keys()]).toEqual([...parseSafetensors(readFileSync(path.join(folder, name))).tensors.keys()]);
  }
}
