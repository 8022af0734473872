import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { recordingTerminal } from "../../test/terminal.ts";
import { trainingFolder } from "../../test/training-run.ts";
import type { RunPlan } from "../index.ts";
import { runCommandLine } from "./run.ts";

const { work, flagsFor } = trainingFolder();

async function plan(...words: readonly string[]) {
  const terminal = recordingTerminal();
  const code = await runCommandLine(["plan", ...words], terminal);
  return { code, results: terminal.results(), talked: terminal.talked() };
}

async function planned(...flags: readonly string[]): Promise<RunPlan> {
  const { code, results } = await plan(...flagsFor(...flags), "--json");
  expect(code).toBe(0);
  return JSON.parse(results) as RunPlan;
}

test("prints memory and time, also with other settings; nothing is written", async () => {
  const output = path.join(work, "planned");
  const { code, results } = await plan(...flagsFor("--output_dir", output));
  expect(code).toBe(0);
  expect(results).toMatch(/memory +about \d+ MB at most, of [\d.]+ GB free/);
  expect(results).toMatch(/time +about 0\.\d+ s a step, \d+ s for 3 steps/);
  expect(results).toMatch(/or with +--cache_latents: \d+ MB/);
  expect(existsSync(output)).toBe(false);
});

test("as JSON it has the same in numbers; steps cost more with larger batches, memory less with gradient checkpointing", async () => {
  const one = await planned("--gradient_accumulation_steps", "1");
  const two = await planned("--gradient_accumulation_steps", "2");
  expect(one).toMatchObject({ device: "cpu", steps: 3 });
  expect(one.seconds).toBeCloseTo(3 * one.secondsPerStep, 6);
  expect(two.flopsPerStep).toBe(2 * one.flopsPerStep);
  const { weights, copies, results, peak } = one.memory;
  expect(weights).toBeGreaterThan(10e6);
  expect(peak).toBeGreaterThan(weights + copies + results);
  const checkpointed = one.alternatives.find(({ flags }) => flags === "--gradient_checkpointing")!;
  expect(checkpointed.memory.results).toBeLessThan(0.8 * results);
  expect(checkpointed.secondsPerStep).toBeGreaterThan(one.secondsPerStep);
  const cached = await planned("--cache_latents", "--gradient_checkpointing");
  expect(cached.alternatives).toEqual([]);
  expect(cached.memory.peak).toBeLessThan(checkpointed.memory.peak);
});

test("accepts the flags of train, and refuses what train refuses", async () => {
  expect(await plan("--help")).toMatchObject({ code: 0, results: expect.stringContaining("Usage: coinage plan") });
  expect(await plan("--json")).toMatchObject({ code: 2, talked: expect.stringContaining("--token_string") });
  const nowhere = flagsFor("--pretrained_model_name_or_path", "/nowhere/model.safetensors");
  expect(await plan(...nowhere)).toMatchObject({ code: 1, talked: expect.stringContaining("/nowhere") });
});
