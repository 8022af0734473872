import type { ReportData } from "../src/report/data.ts";

/** Artificial data for a report on a run of 300 steps with evaluations. */
export function reportData(changes: Partial<ReportData> = {}): ReportData {
  const steps = Array.from({ length: 100 }, (_, i) => 3 * (i + 1));
  const wave = (i: number) => Math.sin(i * 12.9898) * Math.cos(i * 4.1);
  const evaluations = Array.from({ length: 16 }, (_, i) => {
    const loss = 0.14 - 0.03 * (1 - Math.exp(-i / 4)) + 0.0006 * wave(i);
    return { step: 20 * i, loss, drop: 0.14 - loss, dropError: i === 0 ? 0 : 0.002 + 0.0002 * i, itemLosses: [loss] };
  });
  return {
    format: "coinage-report-1",
    runId: "3f0c2f1e-1111-4222-8333-123456789abc",
    date: "2026-11-29T17:00:00.000Z",
    versions: { coinage: "0.1.0", node: "v22.0.0" },
    word: "mycat",
    tokens: ["mycat", "mycat1"],
    initWord: "cat",
    embedding: { file: "mycat.safetensors", sha256: "ab".repeat(32), layers: undefined },
    model: {
      source: "models/sd15.safetensors",
      family: "sd1",
      predictionType: "epsilon",
      hashes: { unet: "0123456789abcdef", vae: "0123456789abcdef", textEncoder: "0123456789abcdef" },
    },
    run: {
      steps: 300,
      plannedSteps: 300,
      seconds: 1234,
      isInterrupted: false,
      device: "cpu",
      recipe: { name: "object", reason: "the images show one thing", settings: "--update direction --step_angle 0.04" },
    },
    settings: [
      ["learning_rate", "0.005"],
      ["train_batch_size", "4"],
    ],
    dataset: {
      images: 60,
      regImages: 0,
      folders: [{ path: "pictures/10_mycat", images: 6, repeats: 10 }],
      resolution: "512 x 512",
      captions: ["a photo of mycat on the sofa", "a photo of mycat in the garden"],
    },
    rows: ["mycat", "mycat1"].map((label, i) => ({
      label,
      norm: 0.6 + 0.2 * i,
      usualNorm: 0.39,
      angle: 0.9 + 0.1 * i,
      distance: 0.7,
      nearest: ["cat", "kitten", "tabby", "pet", "dog"].map((word, k) => ({ word, cosine: 0.62 - 0.05 * k })),
    })),
    cosines: [
      [
        [1, 0.42],
        [0.42, 1],
      ],
    ],
    curves: {
      steps,
      loss: steps.map((_, i) => 0.13 + 0.03 * wave(i)),
      norms: [0, 1].map((row) => steps.map((_, i) => 0.39 + (0.2 + 0.2 * row) * (i / 100))),
      angles: [0, 1].map((row) => steps.map((_, i) => (0.9 + 0.1 * row) * (1 - Math.exp(-i / 30)))),
      distances: [0, 1].map(() => steps.map((_, i) => 0.7 * Math.sqrt(i / 100))),
    },
    evaluations,
    drift: { value: 0.12, reference: 0.1, against: "“cat”", prompts: 20 },
    verdict: {
      kind: "learned",
      sentence: "Learned: the evaluation loss is 21.0 % ± 3.4 % lower than at the start.",
    },
    strip: {
      prompts: [
        { template: "a photo of {}", seed: 1 },
        { template: "a photo of {} on the beach", seed: 2 },
      ],
      width: 512,
      height: 512,
      columns: [
        { label: "start, “cat”", role: "start", text: "cat", pictures: [null, null] },
        { label: "step 100", role: "third", step: 100, pictures: [null, null] },
        { label: "step 200", role: "third", step: 200, pictures: [null, null] },
        { label: "best, step 280", role: "best", step: 280, pictures: [null, null] },
        { label: "last, step 300", role: "last", step: 300, pictures: [null, null] },
      ],
      missing: "The report takes at most 5 % of the run's time, so no images were drawn.",
    },
    commands: {
      generate: ["generate", "--ckpt", "models/sd15.safetensors", "--prompt", "a photo of mycat"],
      draw: ["report", "out/mycat.safetensors"],
    },
    warnings: [],
    ...changes,
  };
}
