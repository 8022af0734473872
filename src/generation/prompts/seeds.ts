import { PythonRandom } from "../../random/index.ts";

/** The next seed. */
export type SeedSource = () => number;

const largestSeed = 2 ** 32 - 1;

/** Seeds of a run's pictures: drawn from Python's generator with the given seed, or at random without one.
 *  differs from sd-scripts: one picture in all is drawn with the seed itself, as its documentation promises. */
export function seedSource(seed: number | undefined, pictures: number): SeedSource {
  if (seed !== undefined && pictures === 1) return () => seed;
  const random = new PythonRandom(seed);
  return () => random.randint(0, largestSeed);
}
