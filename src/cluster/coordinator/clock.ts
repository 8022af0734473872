/** The clock and timers of everything that schedules jobs, in milliseconds; tests have one that they advance themselves. */
export interface Clock {
  now(): number;
  /** Calls back once, after a delay. Returns a function that cancels it. */
  after(milliseconds: number, call: () => void): () => void;
}

export const realClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};
