/** What workers make of a step. */
export interface SharedStep {
  readonly workers: number;
  readonly seconds: number;
  /** How many times as fast as one. */
  readonly speedup: number;
}

/** Of a local network of 1 Gbit/s: a round trip and bytes in a second; bytes of a micro-batch out and back; what the coordinator does in a step. */
const network = { roundTrip: 0.3e-3, bytesPerSecond: 110e6, bytes: 58e3, host: 3e-3 };

/** The time of a step with 1, 2, 4, ... workers as fast as this machine. secondsPerStep: of this machine alone; microBatches: of a step, and so the most workers
 *  that have something to do. */
export function sharedSteps(secondsPerStep: number, microBatches: number, most: number): SharedStep[] {
  const each = secondsPerStep / microBatches;
  const counts = [1];
  while (counts.at(-1)! * 2 < most) counts.push(counts.at(-1)! * 2);
  if (most > 1) counts.push(most);
  return counts.map((workers) => {
    const woken = Math.min(workers, microBatches) * 2 * network.roundTrip;
    const moved = (microBatches * network.bytes) / network.bytesPerSecond;
    const seconds = Math.ceil(microBatches / workers) * each + network.host + moved + woken;
    return { workers, seconds, speedup: secondsPerStep / seconds };
  });
}
