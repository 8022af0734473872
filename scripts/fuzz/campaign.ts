import { Dice } from "./dice.ts";
import { execute, type Finding } from "./oracle.ts";
import type { Target } from "./targets/index.ts";

/** An input, determined by a target's seeds, the campaign's seed and a number. */
export function inputOf(
  { name, mutate }: Target,
  seeds: readonly Uint8Array[],
  seed: number,
  number: number,
): Uint8Array {
  const dice = new Dice(`${seed} ${name}`, number);
  return mutate(dice.pick(seeds), dice, seeds);
}

/** Executes a target with the inputs `from` to `to` - 1. began: called with each number before its execution. */
export async function* campaign(
  target: Target,
  { seed, from, to, began = () => {} }: { seed: number; from: number; to: number; began?: (number: number) => void },
): AsyncGenerator<Finding & { readonly number: number; readonly input: Uint8Array }> {
  const seeds = target.seeds();
  for (let number = from; number < to; number++) {
    began(number);
    const input = inputOf(target, seeds, seed, number);
    const finding = await execute(target, input);
    if (finding) yield { ...finding, number, input };
  }
}

/** The smallest input found by removing parts that still has the same kind of fault. */
export async function minimised(target: Target, input: Uint8Array, what: string): Promise<Uint8Array> {
  const kind = kindOf(what);
  let smallest = input;
  for (let part = Math.ceil(input.length / 2), tries = 0; part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2))
    for (let at = 0; at < smallest.length && tries < 500; tries++) {
      const shorter = new Uint8Array(Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + part)]));
      const finding = await execute(target, shorter);
      if (finding && kindOf(finding.what) === kind) smallest = shorter;
      else at += part;
    }
  return smallest;
}

/** The kind of a fault, of which only one is reported: same error at the same place. */
export function kindOf(what: string): string {
  return what.replace(/\d+/g, "0");
}
