import { RunHistory, type RunPlaces } from "../../runs/index.ts";

/** Runs whose journals are remembered. */
const mostRemembered = 24;

/** What has happened in the runs that are looked at. */
export class RunHistories {
  readonly #known = new Map<string, RunHistory>();

  /** What has happened in a run up to now. */
  async of(places: RunPlaces): Promise<RunHistory> {
    const history = this.#known.get(places.folder) ?? new RunHistory(places);
    // the one used last is the last to go
    this.#known.delete(places.folder);
    this.#known.set(places.folder, history);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered) this.#known.delete(oldest!);
    await history.catchUp();
    return history;
  }
}
