import { expect, test } from "vitest";
import { recordingTerminal } from "../../test/terminal.ts";
import type { GenerationRunEvent } from "../generation/index.ts";
import { generationReport } from "./generation-report.ts";

const latents = { dtype: "float32", shape: [0], data: new Float32Array() } as const;

const events: readonly GenerationRunEvent[] = [
  {
    ...{ kind: "model", path: "/models/m.safetensors", family: "sd2", familyReason: "r" },
    ...{ predictionType: "v_prediction", predictionReason: "its metadata says so" },
  },
  { kind: "embedding", file: "out/mycat.pt", word: "mycat", tokens: ["mycat", "mycat1"] },
  { kind: "warning", code: "PROMPT", message: "cut" },
  { kind: "start", device: "cpu", pictures: 4, batches: 2, folder: "/out" },
  { kind: "step", step: 5, steps: 10, stage: "final", latents, picture: 1, inBatch: 2, pictures: 4 },
  { kind: "saved", file: "/out/1.png", picture: 1, pictures: 4, stage: "final", prompt: "a", seed: 1 },
  { kind: "saved", file: "/out/2.png", picture: 2, pictures: 4, stage: "final", prompt: "a", seed: 2 },
  { kind: "done", files: ["/out/1.png", "/out/2.png"], folder: "/out", seconds: 65 },
];

test("drawing is told from model to last picture, files as results", () => {
  const terminal = recordingTerminal();
  const report = generationReport(terminal);
  for (const event of events) {
    terminal.pass(1000);
    report.report(event);
  }
  report.close();
  expect(terminal.results()).toBe("/out/1.png\n/out/2.png\n");
  const told = [
    "/models/m.safetensors",
    "Stable Diffusion 2, predicts velocity (its metadata says so)",
    "mycat: 2 vectors from out/mycat.pt",
    "warning PROMPT: cut",
    "cpu",
    "4, to /out",
    // a quarter of the images took a second
    "images 1 to 2 of 4: step 5/10, 0:03 left",
    "1 warning:\n  PROMPT: cut\n2 images in 1 min 5 s\n",
  ].map((text) => terminal.talked().indexOf(text));
  expect(told).not.toContain(-1);
  expect(told).toEqual([...told].sort((a, b) => a - b));
});

test("in brief only progress and warnings are told", () => {
  const terminal = recordingTerminal();
  const report = generationReport(terminal, { isBrief: true });
  for (const event of events) report.report(event);
  expect(terminal.results()).toBe("");
  expect(terminal.talked()).toBe("warning PROMPT: cut\nimages 1 to 2 of 4: step 5/10, 0:00 left\n");
});

test("typed prompts: the next one is asked for on a screen, its seeds are told, and time left counts from it", () => {
  const asked: readonly GenerationRunEvent[] = [
    { kind: "start", device: "cpu", pictures: undefined, batches: undefined, folder: "/out" },
    { kind: "asking" },
    { kind: "prompt", text: "a star --n x", seeds: [7, 8] },
    { kind: "step", step: 5, steps: 10, stage: "final", latents, picture: 1, inBatch: 2, pictures: 2 },
    { kind: "saved", file: "/out/1.png", picture: 1, pictures: 2, stage: "final", prompt: "a star", seed: 7 },
    { kind: "asking" },
    { kind: "sheet", file: "/out/sheet.png", pictures: 1 },
  ];
  const told = (isInteractive: boolean) => {
    const terminal = recordingTerminal({ isInteractive });
    const report = generationReport(terminal);
    for (const event of asked) {
      report.report(event);
      // someone takes an hour to type
      terminal.pass(event.kind === "asking" ? 3_600_000 : 1000);
    }
    report.close();
    return terminal;
  };
  const screen = told(true);
  expect(screen.results()).toBe("/out/1.png\n/out/sheet.png\n");
  expect(screen.talked()).toContain("one prompt at a time, to /out");
  expect(screen.talked()).toMatch(/prompt: .*seeds +7, 8\n.*step 5\/10, 0:01 left.*prompt: /s);
  expect(told(false).talked()).not.toContain("prompt: ");
});
