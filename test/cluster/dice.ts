/** A generator of pseudo-random numbers from a seed. */
export function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The flag for `count` steps. */
export function steps(count: number): string[] {
  return ["--max_train_steps", String(count)];
}

/** The usual value, or that of `npm run cluster-test`. */
export function sized(usual: number, long: number): number {
  return process.env.COINAGE_CLUSTER_TESTS === "long" ? long : usual;
}
