import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { writtenRun } from "../../../test/written-run.ts";
import { noteExit, takeRun } from "../../runs/index.ts";
import { RunListing } from "./listing.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-listing-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
afterEach(() => vi.useRealTimers());

test.each([-5, 5])(
  "a run is not lost because the clock is set by %d hours, and how its process ends is learned as before",
  async (hours) => {
    vi.useFakeTimers({ toFake: ["Date", "performance"], now: Date.now() });
    const root = path.join(work, String(hours));
    const { places, write } = await writtenRun(root, "clock");
    write("opened", { pid: 7, host: "here", version: "1" });
    write("step", { step: 1, steps: 9, loss: 1, averageLoss: 1, remainingSeconds: 8 });
    const lock = await takeRun(places);
    const listing = new RunListing(root);
    const next = async () => {
      vi.advanceTimersByTime(1000);
      return (await listing.watched())[0];
    };
    expect(await next()).toMatchObject({ state: "running", remainingSeconds: 8 });
    vi.setSystemTime(Date.now() + hours * 3_600_000);
    expect(await next()).toMatchObject({ state: "running", remainingSeconds: 8 });
    await lock.release();
    expect(await next()).toMatchObject({ state: "lost", cause: expect.stringContaining("nothing is known") });
    await noteExit(places, 7, { code: 139 });
    expect(await next()).toMatchObject({ cause: expect.stringContaining("SIGSEGV") });
    // after a minute it is read rarely, whatever the clock says
    vi.advanceTimersByTime(60_000);
    await next();
    await noteExit(places, 7, { code: 7 });
    expect(await next()).toMatchObject({ cause: expect.stringContaining("SIGSEGV") });
  },
);
