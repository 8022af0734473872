import { mkdirSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { trainedRuns } from "../studio-run.ts";
import { lookAt, startStudio, temporaryFolder, visit } from "./browser.ts";

const home = temporaryFolder();
const [comfy, webUi] = [
  path.join(home, "ComfyUI", "models", "embeddings"),
  path.join(home, "stable-diffusion-webui", "embeddings"),
];
for (const folder of [comfy, webUi]) mkdirSync(folder, { recursive: true });
const trained = trainedRuns();
let run = "";

beforeAll(async () => {
  const { folder } = await trained(
    path.join(home, "runs"),
    "vexla",
    "--max_train_steps",
    "30",
    "--save_every_n_steps",
    "10",
  );
  run = path.basename(folder);
}, 120_000);

const studio = await startStudio({ home });

test("one slider goes through all steps, and missing pictures are drawn", async () => {
  const { page, strangers, complaints } = await visit(studio);
  await page.goto(`${studio.address}run/${run}/compare`);
  await page.getByRole("heading", { name: "Compare the steps" }).waitFor();
  await lookAt(page, "compare");
  await page.keyboard.press("w");
  await lookAt(page, "compare-wipe");
  await page.goto(`${studio.address}run/${run}/use`);
  await page.getByRole("heading", { name: "Try it" }).waitFor();
  await lookAt(page, "use");
  expect({ strangers, complaints }).toEqual({ strangers: [], complaints: [] });
});
