import { expect, test } from "vitest";
import { Prefetch } from "./prefetch.ts";

/** A worker that has computed some jobs. */
function after(jobs: number, computing: number, roundTrip: number): Prefetch {
  const ahead = new Prefetch();
  for (let job = 0; job < jobs; job++) ahead.note(computing, roundTrip + 5 * (job % 2));
  return ahead;
}

test("a job is fetched ahead where the round trips of a step take longer than a job", () => {
  expect(after(16, 80, 80).isWorthwhile(4)).toBe(true);
  expect(after(16, 80, 20).isWorthwhile(4)).toBe(false);
  expect(after(16, 80, 20).isWorthwhile(6)).toBe(true);
});

test("a worker with one job in a step, or too few to judge by, fetches none ahead", () => {
  expect(after(16, 1, 500).isWorthwhile(1)).toBe(false);
  expect(after(15, 80, 80).isWorthwhile(4)).toBe(false);
});

test("nothing is fetched beside a long job, which would look overdue", () => {
  expect(after(16, 1001, 500).isWorthwhile(16)).toBe(false);
});
