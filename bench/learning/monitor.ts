import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { conceptsFolder } from "../../src/assets/index.ts";
import { readTrainRequest } from "../../src/options/index.ts";
import { train } from "../../src/training/index.ts";
import { randomModel } from "../random-model.ts";
import { keepResult, machine, median, printTable, seconds } from "../results.ts";

/** What evaluations cost at SD 1.5's size: trains a random model of that size and measures the times between events.
 *  usage: npm run bench -- learning monitor [--side 256] [--steps 24] [--every 4] */
const { values: given } = parseArgs({
  args: process.argv.slice(4),
  options: {
    side: { type: "string", default: "256" },
    steps: { type: "string", default: "24" },
    every: { type: "string", default: "4" },
  },
});

/** Steps of the recipes at that size, and their evaluation intervals. */
const recipes = [
  { name: "quick", steps: 200, every: 20 },
  { name: "object", steps: 500, every: 25 },
] as const;

const output = await mkdtemp(path.join(os.tmpdir(), "coinage-monitor-"));
const request = await readTrainRequest([
  ...["--pretrained_model_name_or_path", randomModel("sd1.5"), "--output_dir", output],
  ...["--train_data_dir", path.join(conceptsFolder, "orange-striped-star"), "--token_string", "quillo"],
  ...["--init_word", "star", "--recipe", "quick", "--resolution", given.side, "--max_train_steps", given.steps],
  ...["--eval_every_n_steps", given.every, "--keep", "last", "--seed", "1"],
]);
if (request.kind !== "train") throw new Error("nothing is trained");

const [stepSeconds, evaluationSeconds]: number[][] = [[], []];
let last = performance.now();
for await (const event of train(request)) {
  if (event.kind !== "step" && event.kind !== "evaluation") continue;
  const now = performance.now();
  const took = (now - last) / 1000;
  last = now;
  // the first of each also allocates memory for intermediate results
  if (event.kind === "step" && event.step > 2) stepSeconds!.push(took);
  if (event.kind === "evaluation" && event.step > Number(given.every)) evaluationSeconds!.push(took);
}
await rm(output, { recursive: true });

const [step, evaluation] = [median(stepSeconds!), median(evaluationSeconds!)];
keepResult({ benchmark: "monitor", side: Number(given.side), step, evaluation });
console.log(`${machine}\n`);
printTable([
  ["step", "evaluation", "in steps", ...recipes.map(({ name }) => `${name}'s share`)],
  [
    ...[seconds(step), seconds(evaluation), (evaluation / step).toFixed(2)],
    // one before the first step, then one per interval
    ...recipes.map(({ steps, every }) => {
      const spent = (1 + Math.floor(steps / every)) * evaluation;
      return `${((100 * spent) / (steps * step + spent)).toFixed(1)} %`;
    }),
  ],
]);
