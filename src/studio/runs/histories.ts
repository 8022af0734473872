import { RunHistory, type RunPlaces } from "../../runs/index.ts";

/** Most runs whose journals are kept in memory. */
const mostRemembered = 24;

/** Journals of the runs that pages look at. */
export class RunHistories {
  readonly #known = new Map<string, RunHistory>();

  /** The history of a run up to now. */
  async of(places: RunPlaces): Promise<RunHistory> {
    const history = this.#known.get(places.folder) ?? new RunHistory(places);
    // keeps the map in order of use, for evicting the oldest
    this.#known.delete(places.folder);
    this.#known.set(places.folder, history);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered) this.#known.delete(oldest!);
    await history.catchUp();
    return history;
  }
}
