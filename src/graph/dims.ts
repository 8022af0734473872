import { CoinageError } from "../errors/index.ts";

/** A size known only when the graph runs: coefficient x product of atoms, e.g. 1/2 x height. */
export interface SymbolicDim {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
  /** Equal for equal sizes. */
  readonly key: string;
}

/** A size given by an input, or one derived from it by a rule other than a product (rounding up, for example). */
interface Atom {
  readonly name: string;
  /** Typical size: decides how attention is divided into blocks. */
  readonly nominal: number;
  /** A number that always divides the size. */
  readonly multipleOf: number;
  readonly evaluate: (sizes: ReadonlyMap<string, number>) => number;
}

export type Dim = number | SymbolicDim;
export type Shape = readonly Dim[];

/** A size named by an input. nominal: typical value; multipleOf: a number that always divides it. */
export function dim(name: string, { nominal = 1, multipleOf = 1 } = {}): SymbolicDim {
  return symbolic(1, [{ name, nominal, multipleOf, evaluate: (sizes) => sizes.get(name) ?? unknownSize(name) }]);
}

/** A size computed from another by a rule. name: identifies the rule, so that equal sizes have equal names. */
export function derivedDim(name: string, from: Dim, rule: (size: number) => number): SymbolicDim {
  const evaluate = (sizes: ReadonlyMap<string, number>) => rule(evaluateDim(from, sizes));
  return symbolic(1, [{ name, nominal: rule(nominalDim(from)), multipleOf: 1, evaluate }]);
}

function unknownSize(name: string): never {
  throw new CoinageError("SHAPE", `The size "${name}" is missing.`);
}

function symbolic(coefficient: number, atoms: readonly Atom[]): SymbolicDim {
  const sorted = [...atoms].sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = sorted.map((atom) => atom.name).join("*");
  return { coefficient, atoms: sorted, key: coefficient === 1 ? names : `${coefficient}*${names}` };
}

export function dimKey(value: Dim): string {
  return typeof value === "number" ? String(value) : value.key;
}

export function sameDim(a: Dim, b: Dim): boolean {
  return dimKey(a) === dimKey(b);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => sameDim(size, b[i]!));
}

export function describeShape(shape: Shape): string {
  return `[${shape.map(dimKey).join(", ")}]`;
}

/** The product of sizes. */
export function multiplyDims(...dims: readonly Dim[]): Dim {
  let coefficient = 1;
  const atoms: Atom[] = [];
  for (const value of dims) {
    if (typeof value === "number") coefficient *= value;
    else {
      coefficient *= value.coefficient;
      atoms.push(...value.atoms);
    }
  }
  return atoms.length === 0 ? coefficient : symbolic(coefficient, atoms);
}

/** The sum of sizes. */
export function addDims(...dims: readonly Dim[]): Dim {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  if (dims.every((value) => typeof value === "number")) return sum(dims);
  const name = `(${dims.map(dimKey).join("+")})`;
  const evaluate = (sizes: ReadonlyMap<string, number>) => sum(dims.map((value) => evaluateDim(value, sizes)));
  return symbolic(1, [{ name, nominal: sum(dims.map(nominalDim)), multipleOf: 1, evaluate }]);
}

/** The value of a size, given those of the inputs. */
export function evaluateDim(value: Dim, sizes: ReadonlyMap<string, number>): number {
  if (typeof value === "number") return value;
  return value.atoms.reduce((product, atom) => product * atom.evaluate(sizes), value.coefficient);
}

/** The typical size. */
export function nominalDim(value: Dim): number {
  if (typeof value === "number") return value;
  return value.atoms.reduce((product, atom) => product * atom.nominal, value.coefficient);
}

/** Whether a number divides the size for all inputs. */
export function isMultipleOf(value: Dim, divisor: number): boolean {
  if (typeof value === "number") return value % divisor === 0;
  return value.atoms.reduce((product, atom) => product * atom.multipleOf, value.coefficient) % divisor === 0;
}

/** The size after a convolution or pooling: floor((size + padding - kernel) / stride) + 1. */
export function convolvedDim(value: Dim, padding: number, kernel: number, stride: number): Dim {
  const convolve = (size: number) => Math.floor((size + padding - kernel) / stride) + 1;
  if (typeof value === "number") return convolve(value);
  const shrinkage = kernel - padding;
  if (stride === 1 && shrinkage === 1) return value;
  // if the size is a multiple of the stride, exactly size / stride windows start within the padded input
  if (isMultipleOf(value, stride) && shrinkage >= 1 && shrinkage <= stride) return multiplyDims(1 / stride, value);
  return derivedDim(`floor((${value.key}+${padding}-${kernel})/${stride})+1`, value, convolve);
}
