import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ModelCase, runCase } from "../../test/golden-cases.ts";
import { openGoldenModel, readFamilies } from "../../test/golden-models.ts";
import { describeGoldens, readJson, readTensors } from "../../test/goldens.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import type { DiffusionModel } from "./index.ts";

describeGoldens("models", (folder) => {
  let runtime: Runtime;
  beforeAll(() => {
    runtime = openRuntime({ threads: 1 });
  });
  afterAll(() => runtime.close());

  for (const family of readFamilies(folder)) {
    const { cases } = readJson<{ cases: ModelCase[] }>(family.goldens);
    const tensors = readTensors(path.dirname(family.goldens), "goldens.safetensors");
    describe.each(family.files.map((file) => [file.path, file] as const))("%s", (_, file) => {
      let model: DiffusionModel;
      beforeAll(async () => {
        model = await openGoldenModel(file.path, family);
      });

      test.each(cases.map((entry) => [entry.name, entry] as const))("%s", async (_, entry) => {
        for (const { name, difference, tolerance } of await runCase(runtime, model, entry, tensors))
          expect(difference, name).toBeLessThan(tolerance);
      });
    });
  }
});
