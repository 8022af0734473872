import { elementCount, type NdArray } from "../array/index.ts";
import { CoinageError, nearestName } from "../errors/index.ts";
import { type Dim, dimKey, evaluateDim, type Port } from "../graph/index.ts";

/** Checks feeds against a program's inputs: none missing, none unknown, correct dtypes and shapes, every named size the same in all of them.
 *  @throws FEED */
export function checkFeeds(inputs: readonly Port[], feeds: Readonly<Record<string, NdArray>>): void {
  const names = inputs.map(({ name }) => name);
  for (const name of Object.keys(feeds)) {
    if (names.includes(name)) continue;
    const near = nearestName(name, names);
    throw feedError(
      `"${name}" is not an input of this program${near ? `; "${near}" is` : ""}. Its inputs are ${names.join(", ")}.`,
    );
  }
  const sizes = new Map<string, number>();
  for (const port of inputs) {
    const feed = feeds[port.name];
    if (!feed) throw feedError(`The input "${port.name}" is missing.`);
    if (feed.dtype !== port.dtype) throw feedError(`"${port.name}" must be ${port.dtype}, not ${feed.dtype}.`);
    if (elementCount(feed.shape) !== feed.data.length)
      throw feedError(`"${port.name}" has ${feed.data.length} values but the shape [${feed.shape.join(", ")}].`);
    noteSizes(port, feed, sizes);
  }
  for (const port of inputs) checkShape(port, feeds[port.name]!, sizes);
}

/** Derives named sizes from a feed: a size that is a multiple of a single name determines it. */
function noteSizes(port: Port, { shape }: NdArray, sizes: Map<string, number>): void {
  port.shape.forEach((size, axis) => {
    const actual = shape[axis];
    if (typeof size === "number" || size.atoms.length !== 1 || actual === undefined) return;
    const { name } = size.atoms[0]!;
    if (!sizes.has(name)) sizes.set(name, actual / size.coefficient);
  });
}

function checkShape(port: Port, { shape }: NdArray, sizes: ReadonlyMap<string, number>): void {
  const given = `[${shape.join(", ")}]`;
  const named = (text: (size: Dim) => string) =>
    `"${port.name}" must have the shape [${port.shape.map(text).join(", ")}]`;
  if (shape.length !== port.shape.length) throw feedError(`${named(dimKey)}, not ${given}.`);
  const expected = port.shape.map((size) => evaluateDim(size, sizes));
  for (const [axis, size] of port.shape.entries()) checkDivisor(port.name, size, expected[axis]!);
  if (expected.every((size, axis) => size === shape[axis])) return;
  const withValue = (size: Dim) =>
    typeof size === "number" ? String(size) : `${dimKey(size)} = ${evaluateDim(size, sizes)}`;
  throw feedError(`${named(withValue)}, not ${given}.`);
}

function checkDivisor(name: string, size: Dim, actual: number): void {
  if (typeof size === "number") return;
  const divisor = size.atoms.reduce((product, atom) => product * atom.multipleOf, size.coefficient);
  if (actual % divisor !== 0)
    throw feedError(`The size ${dimKey(size)} of "${name}" is ${actual}; it must be a multiple of ${divisor}.`);
}

function feedError(message: string): CoinageError {
  return new CoinageError("FEED", message);
}
