import { CoinageError } from "../../errors/index.ts";
import { kindOfPath } from "../../files/index.ts";
import { placesOf, type RunPlaces, type RunRow, readRun } from "../../runs/index.ts";
import { resolveInside } from "./names.ts";

/** The run with an id, in the folder of all runs, even if it cannot be read. @throws RUN_NOT_FOUND, NAME_REFUSED, OUTSIDE_ROOT */
export async function runAt(root: string, run: string): Promise<RunPlaces> {
  const missing = new CoinageError("RUN_NOT_FOUND", `There is no run ${run.slice(0, 200)}.`, {
    hint: "It may have been moved or deleted.",
  });
  const folder = await resolveInside(root, run).catch((error) => {
    // the folder of all runs does not exist before the first run
    throw error instanceof CoinageError ? error : missing;
  });
  const places = placesOf(folder);
  if ((await kindOfPath(places.record)) === "nothing") throw missing;
  return places;
}

/** As runAt, for readable runs, including those of a later version, which can be shown. @throws as runAt, RUN_UNREADABLE */
export async function runInside(root: string, run: string): Promise<RunPlaces> {
  const places = await runAt(root, run);
  const row = await readRun(places);
  if (row.state === undefined && row.problem?.code !== "RUN_NEWER") throw unusable(row);
  return places;
}

/** A run that can be changed, with its state. @throws as runAt, RUN_UNREADABLE, RUN_NEWER */
export async function usableRun(
  root: string,
  run: string,
): Promise<{ readonly places: RunPlaces; readonly row: RunRow }> {
  const places = await runAt(root, run);
  const row = await readRun(places);
  if (row.state === undefined) throw unusable(row);
  return { places, row };
}

function unusable({ folder, problem }: RunRow): CoinageError {
  const code = problem?.code === "RUN_NEWER" ? "RUN_NEWER" : "RUN_UNREADABLE";
  const hint = problem?.hint;
  return new CoinageError(code, problem?.message ?? "The run cannot be read.", {
    where: folder,
    ...(hint !== undefined && { hint }),
  });
}
