import { signal } from "@preact/signals";
import type { ListedModel } from "../../../../disk/library.ts";
import type { Problem } from "../../../../http/problems.ts";
import { ask, problemIn } from "../../../live/index.ts";
import { bytesText } from "../../../parts/format.ts";
import { newWord as words } from "../../../texts/new-word.ts";

/** The models of this machine; undefined until they are known. */
export const models = signal<readonly ListedModel[] | undefined>(undefined);

/** Why the last listing failed. */
export const modelsProblem = signal<Problem | undefined>(undefined);

/** Lists the models, or sets `modelsProblem`. */
export async function readModels(): Promise<void> {
  try {
    models.value = (await ask<{ models: readonly ListedModel[] }>("GET", "/api/models")).models;
    modelsProblem.value = undefined;
  } catch (error) {
    modelsProblem.value = problemIn(error);
  }
}

/** "Stable Diffusion 1 · half precision · 2.1 GB" */
export function aboutModel({ family, precision, bytes }: ListedModel): string {
  return [
    family && (words.families[family] ?? family),
    precision && (words.precisions[precision] ?? precision),
    bytesText(bytes),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Models by the program whose folder contains them, the demo model last. */
export function byProgram(listed: readonly ListedModel[]): readonly (readonly [string, readonly ListedModel[]])[] {
  const groups = new Map<string, ListedModel[]>();
  for (const model of listed) {
    const program = words.programs[model.program] ?? words.programOf(model.program);
    groups.set(program, [...(groups.get(program) ?? []), model]);
  }
  return [...groups].sort(([a], [b]) => rank(a) - rank(b));
}

function rank(program: string): number {
  return program === words.programs.coinage ? 1 : 0;
}

/** Whether the demo model is the only one found that can be trained on. */
export function isOnlyDemo(listed: readonly ListedModel[]): boolean {
  return usableOf(listed).length === 0;
}

function usableOf(listed: readonly ListedModel[]): readonly ListedModel[] {
  return listed.filter(({ problems, program }) => problems.length === 0 && program !== "coinage");
}

/** The model to choose by default: the only one that can be trained on, or the demo model if there is no other. */
export function suggestedModel(listed: readonly ListedModel[]): ListedModel | undefined {
  const usable = usableOf(listed);
  if (usable.length > 0) return usable.length === 1 ? usable[0] : undefined;
  return listed.find(({ program }) => program === "coinage");
}
