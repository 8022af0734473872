import { afterEach, expect, test, vi } from "vitest";
import { Throughput } from "./step-report.ts";

afterEach(() => vi.useRealTimers());

test.each([-5, 5])("speed and time left stay the same when the clock of the machine is set by %d hours", (hours) => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const throughput = new Throughput();
  for (let step = 0; step < 3; step++) {
    vi.advanceTimersByTime(2000);
    expect(throughput.note(4)).toEqual({ samplesPerSecond: 2, secondsPerStep: 2 });
    vi.setSystemTime(Date.now() + hours * 3_600_000);
  }
});
