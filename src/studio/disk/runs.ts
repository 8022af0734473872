import { CoinageError } from "../../errors/index.ts";
import { placesOf, type RunPlaces, readRun } from "../../runs/index.ts";
import { resolveInside } from "./names.ts";

/** The run of an id, in the folder of all runs; one of a later version, too, which is only shown. @throws RUN_NOT_FOUND, NAME_REFUSED, OUTSIDE_ROOT */
export async function runInside(root: string, run: string): Promise<RunPlaces> {
  const places = placesOf(await resolveInside(root, run));
  const { problem, state, id } = await readRun(places);
  if (state === undefined && problem?.code !== "RUN_NEWER")
    throw new CoinageError("RUN_NOT_FOUND", `There is no run ${id}.`, { hint: "It may have been moved or deleted." });
  return places;
}
