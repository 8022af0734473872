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

test("speed follows the last steps, and the time left has what is drawn now and then in it", () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const throughput = new Throughput();
  const stepsOf = (count: number) => {
    let last = { samplesPerSecond: 0, secondsPerStep: 0 };
    for (let step = 0; step < count; step++) {
      vi.advanceTimersByTime(1000);
      last = throughput.note(4);
    }
    return last;
  };
  stepsOf(50);
  vi.advanceTimersByTime(100_000);
  expect(stepsOf(50)).toEqual({ samplesPerSecond: 4, secondsPerStep: 2 });
  expect(stepsOf(51).secondsPerStep).toBe(1);
});
