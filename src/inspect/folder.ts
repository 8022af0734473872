import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { readWeightFile } from "../checkpoint/index.ts";
import type { Inspection } from "./inspection.ts";
import { inspectModelFolder } from "./model.ts";
import { inspectTrainingState } from "./training-state.ts";
import { describeWeights } from "./weights.ts";

/** A folder: a training state, a Diffusers model, one network of such, or nothing known. */
export async function inspectFolder(folder: string): Promise<Inspection> {
  const state = inspectTrainingState(folder);
  if (state) return state;
  const bytes = weightBytesIn(folder);
  const model = await inspectModelFolder(folder, bytes);
  if (Object.values(model.pieces).some((piece) => piece !== undefined)) return model;
  const [weights, ...others] = readdirSync(folder).filter((name) => /\.(safetensors|bin)$/.test(name));
  const isNetwork = weights !== undefined && others.length === 0 && readdirSync(folder).includes("config.json");
  if (isNetwork) return describeWeights(folder, bytes, readWeightFile(path.join(folder, weights)), []);
  return { kind: "unknown", path: folder, bytes, problems: model.problems };
}

/** Links are followed: the folders of a hub cache consist of them. */
function weightBytesIn(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const weights = names.filter((name) => /\.(safetensors|bin)$/.test(name)).map((name) => path.join(folder, name));
  return weights.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}
