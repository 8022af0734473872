import path from "node:path";
import type { TrainSettings } from "../options/index.ts";

/** When something is saved decides its name. */
export type Moment =
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "epoch"; readonly epoch: number }
  | { readonly kind: "final" };

type NameSettings = Pick<TrainSettings, "outputDir" | "outputName" | "saveModelAs">;

export function embeddingFile({ outputDir, outputName, saveModelAs }: NameSettings, moment: Moment): string {
  return path.join(outputDir, `${outputName}${suffix(moment)}.${saveModelAs}`);
}

/** Folder of a training state. */
export function stateFolder({ outputDir, outputName }: NameSettings, moment: Moment): string {
  return path.join(outputDir, `${outputName}${suffix(moment)}-state`);
}

function suffix(moment: Moment): string {
  if (moment.kind === "step") return `-step${String(moment.step).padStart(8, "0")}`;
  return moment.kind === "epoch" ? `-${String(moment.epoch).padStart(6, "0")}` : "";
}
