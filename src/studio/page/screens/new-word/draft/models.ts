import { signal } from "@preact/signals";
import type { ListedModel } from "../../../../disk/library.ts";
import type { Problem } from "../../../../http/problems.ts";
import { ask, problemIn } from "../../../live/index.ts";
import { bytesText } from "../../../parts/format.ts";
import { newWord as words } from "../../../texts/new-word.ts";

/** The models of this machine; undefined until they are known. */
export const models = signal<readonly ListedModel[] | undefined>(undefined);

/** Why they could not be listed when they were asked for last. */
export const modelsProblem = signal<Problem | undefined>(undefined);

/** Lists the models, or says why that cannot be done. */
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

/** Models by the program whose folder they lie in, those to try things out with last. */
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

/** Whether no model that was found can be trained on, besides the small one to try things out with. */
export function isOnlyDemo(listed: readonly ListedModel[]): boolean {
  return usableOf(listed).length === 0;
}

function usableOf(listed: readonly ListedModel[]): readonly ListedModel[] {
  return listed.filter(({ problems, program }) => problems.length === 0 && program !== "coinage");
}

/** The model that is chosen as long as nobody has: the only one that can be trained on, besides the one to try things out with. */
export function suggestedModel(listed: readonly ListedModel[]): ListedModel | undefined {
  const usable = usableOf(listed);
  if (usable.length > 0) return usable.length === 1 ? usable[0] : undefined;
  return listed.find(({ program }) => program === "coinage");
}
