/** Time as the scheduler has it, in milliseconds; tests have one that they turn themselves. */
export interface Clock {
  now(): number;
  /** Calls back after a while, once. Returns what calls it off. */
  after(milliseconds: number, call: () => void): () => void;
}

export const realClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};
