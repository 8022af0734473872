/** Numbers that look like chance and are the same every time. */
export function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The flag for that many steps. */
export function steps(count: number): string[] {
  return ["--max_train_steps", String(count)];
}

/** One of two sizes: the tests' usual one, or that of `npm run cluster-test`. */
export function sized(usual: number, long: number): number {
  return process.env.COINAGE_CLUSTER_TESTS === "long" ? long : usual;
}
