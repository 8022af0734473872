import { CoinageError } from "../../errors/index.ts";
import { kindOfPath } from "../../files/index.ts";
import type { ModelFacts } from "../checking/check.ts";
import type { Checker } from "../checking/checker.ts";
import type { DraftModel } from "../drafts/draft.ts";
import type { Root } from "./folders.ts";
import { type FoundModel, findModels } from "./models.ts";

/** A model as the page shows it. */
export interface ListedModel extends Omit<FoundModel, "version">, Omit<ModelFacts, "isModel"> {}

const hubName = /^\w[\w.-]*\/\w[\w.-]*(@[\w][\w./-]*)?$/;

/** The models on this machine. Each is inspected once, until it changes. */
export class ModelLibrary {
  readonly #roots: readonly Root[];
  readonly #checker: Pick<Checker, "inspect">;
  readonly #known = new Map<string, { readonly version: string; readonly facts: Promise<ModelFacts> }>();
  #listing: Promise<readonly ListedModel[]> | undefined;

  constructor(roots: readonly Root[], checker: Pick<Checker, "inspect">) {
    this.#roots = roots;
    this.#checker = checker;
  }

  /** All models found; those that cannot be trained on have the reason. Files that are no models are left out. */
  list(): Promise<readonly ListedModel[]> {
    this.#listing ??= this.#list().finally(() => {
      this.#listing = undefined;
    });
    return this.#listing;
  }

  async #list(): Promise<readonly ListedModel[]> {
    const listed: ListedModel[] = [];
    for (const { version, ...model } of await findModels(this.#roots)) {
      const { isModel, ...facts } = await this.#factsOf({ ...model, version });
      if (isModel) listed.push({ ...model, ...facts });
    }
    return listed;
  }

  #factsOf({ id, path, version }: FoundModel): Promise<ModelFacts> {
    const known = this.#known.get(id);
    if (known?.version === version) return known.facts;
    const facts = this.#checker.inspect(path);
    facts.catch(() => this.#known.delete(id));
    this.#known.set(id, { version, facts });
    return facts;
  }

  /** The model of a run, as a draft names it; null if it is no longer where it was found. */
  async modelOf(given: string): Promise<DraftModel | null> {
    const found = (await findModels(this.#roots)).find((model) => model.path === given);
    if (found) return { id: found.id };
    return hubName.test(given) && (await kindOfPath(given)) === "nothing" ? { hub: given } : null;
  }

  /** The path of a model, or its name on the hub. @throws MODEL_UNKNOWN */
  async pathOf(model: DraftModel): Promise<string> {
    if ("hub" in model) {
      // excludes paths and addresses of other servers
      if (hubName.test(model.hub) && !/\.\.|--/.test(model.hub)) return model.hub;
      throw new CoinageError("MODEL_UNKNOWN", `${JSON.stringify(model.hub)} is not the name of a model on the hub.`, {
        hint: "Write it as owner/name.",
      });
    }
    const found = (await findModels(this.#roots)).find(({ id }) => id === model.id);
    if (found) return found.path;
    throw new CoinageError("MODEL_UNKNOWN", "The model is no longer where it was found.", {
      hint: "Choose another one; start the studio with --root FOLDER to have the models of that folder listed.",
    });
  }
}
