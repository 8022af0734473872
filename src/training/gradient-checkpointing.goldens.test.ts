import { afterAll, beforeAll, expect, test } from "vitest";
import { openGoldenModel, readFamilies } from "../../test/golden-models.ts";
import { describeGoldens, relativeDistance } from "../../test/goldens.ts";
import { arrayOf } from "../array/index.ts";
import { noiseSchedule, seededGenerators } from "../diffusion/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { microStep, microStepOutputs } from "./loop/micro-step.ts";
import { microStepGraph } from "./loop/micro-step-graph.ts";

// the gradient has several paths: cross-attention, and in SDXL also pooled text and the time embedding
describeGoldens("models", (folder) => {
  let runtime: Runtime;
  beforeAll(() => {
    runtime = openRuntime({ threads: 1 });
  });
  afterAll(() => runtime.close());

  test.each(readFamilies(folder).map((family) => [family.name, family] as const))(
    "gradients at the token embeddings are the same with checkpoints and without: %s",
    async (_, family) => {
      const model = await openGoldenModel(family.files[0]!.path, family);
      const rows = model.textEncoders.map(({ architecture: { width } }) =>
        arrayOf([1, width], new Float32Array(width).fill(0.1)),
      );
      const caption = [49406, 320, 49408, ...new Array<number>(74).fill(49407)];
      const results = [];
      for (const gradientCheckpointing of [false, true]) {
        const graph = microStepGraph(model, {
          ...{ chunks: 1, lossType: "l2", hasMask: false, gradientCheckpointing },
          nominal: { batch: 1, height: 16, width: 16 },
          multipleOf: 8,
        });
        const program = await runtime.load(microStepOutputs(graph), { withoutKernelCopies: gradientCheckpointing });
        const generators = seededGenerators(2);
        const latents = generators.torch.randn([1, 4, 16, 16]);
        const timeIds = model.family === "sdxl" ? [[128, 128, 0, 0, 128, 128]] : undefined;
        const samples = { latents, tokenIds: rows.map(() => [[caption]]), priorLossWeights: [1], timeIds };
        const context = {
          ...{ model, program, schedule: noiseSchedule(), lossType: "l2" as const },
          options: { predictionType: "epsilon" as const, huberSchedule: "snr" as const, huberC: 0.1, huberScale: 1 },
        };
        const { gradients } = await microStep(context, rows, samples, generators, { accumulationSteps: 1 });
        results.push(gradients.map((table) => [...table.values()].flatMap((row) => [...row])));
        await program.close();
      }
      const [whole, checkpointed] = results as [number[][], number[][]];
      for (const [encoder, gradient] of whole.entries())
        expect(relativeDistance(checkpointed[encoder]!, gradient)).toBeLessThan(1e-4);
    },
  );
});
