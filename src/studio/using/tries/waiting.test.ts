import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../../test/studio.ts";
import { trainedRuns } from "../../../../test/studio-run.ts";
import type { RunPlaces } from "../../../runs/index.ts";
import { RunHistories } from "../../runs/histories.ts";
import { goOn } from "./routes.ts";
import type { Try } from "./rows.ts";
import { Tries } from "./tries.ts";
import { readWaiting } from "./waiting.ts";

const { ask, work, listing, tries, bugs } = studioRoutes();
const root = path.join(work, "runs");
const file = path.join(work, "tries.json");
const trained = trainedRuns();
let run: RunPlaces;
let id: string;

beforeAll(async () => {
  run = await trained(root, "vexla");
  id = path.basename(run.folder);
}, 60_000);

const cells = [1, 2, 3].map((seed) => ({ checkpoint: "vexla.safetensors", prompt: "a vexla", seed }));
const drawing = { negativePrompt: "blue", width: 64, height: 64, steps: 2, guidance: 5 };

async function told(target: string, body: object): Promise<readonly Try[]> {
  return ((await (await ask("POST", target, { body: { run: id, ...body } })).json()) as { tries: Try[] }).tries;
}

const waitingSeeds = async (of = file) => (await readWaiting(of)).flatMap((one) => one.cells.map(({ seed }) => seed));

describe("images that wait", { timeout: 120_000 }, () => {
  test("are given up one by one or all at once, which is told to whoever looks at the run", async () => {
    await tries.withoutModel("The device is not free.", async () => {
      const stream = await ask("GET", `/api/events?runs=${id}`);
      const asked = await told("/api/tries", { cells, ...drawing });
      expect(asked.map(({ state }) => state)).toEqual(["waiting", "waiting", "waiting"]);
      const left = await told("/api/tries/cancel", { ids: [asked[1]!.id] });
      expect(left.map(({ seed }) => seed)).toEqual([1, 3]);
      const reader = stream.body!.getReader();
      let text = "";
      while (!text.includes('"state":"cancelled"'))
        text += new TextDecoder().decode((await reader.read()).value, { stream: true });
      await reader.cancel();
      expect(await told("/api/tries/cancel", {})).toEqual([]);
      await expect.poll(() => waitingSeeds()).toEqual([]);
      expect(await codeOf(await ask("POST", "/api/tries/cancel", { body: { run: "nothing" } }))).toBe("RUN_NOT_FOUND");
    });
  });

  test("are drawn by the next studio, in their order, but for those whose run or checkpoint is gone", async () => {
    const end = new AbortController();
    // the other studio may still write its own file
    const own = path.join(work, "own-tries.json");
    const first = new Tries({ listing, file: own, end: end.signal, report: (error) => bugs.push(error) });
    await first.withoutModel("The device is not free.", async () => {
      const parts = { runs: root, tries: first };
      const input = { run: id, cells, ...drawing };
      const gone = { ...input, cells: [{ ...cells[0]!, checkpoint: "deleted.safetensors" }] };
      await goOn([input, gone, { ...input, run: "gone" }], parts, new RunHistories());
      await expect.poll(() => waitingSeeds(own)).toEqual([1, 2, 3]);
      end.abort();
    });
    expect(await waitingSeeds(own)).toEqual([1, 2, 3]);

    await goOn(await readWaiting(own), { runs: root, tries }, new RunHistories());
    const done = async () => (await tries.list(id, run)).filter(({ state }) => state === "done");
    await expect
      .poll(async () => (await done()).map(({ seed }) => seed).sort(), { timeout: 90_000 })
      .toEqual([1, 2, 3]);
    expect((await done())[0]).toMatchObject(drawing);
    await expect.poll(() => waitingSeeds()).toEqual([]);

    for (const damaged of ["", "{", '{"schema":2,"waiting":[]}']) {
      writeFileSync(file, damaged);
      expect(await readWaiting(file)).toEqual([]);
    }
    rmSync(file);
    expect(await readWaiting(file)).toEqual([]);
  });

  test("stop being drawn when they are given up, and can be asked for again", async () => {
    const long = { ...drawing, width: 512, height: 512, steps: 500 };
    // at once, before a process draws it
    const changes = tries.changes([id], new AbortController().signal);
    await told("/api/tries", { cells: [{ ...cells[0]!, seed: 8 }], ...long });
    for await (const { id: first, state } of changes) {
      if (state !== "drawing") continue;
      tries.cancel(id, [first]);
      break;
    }
    const [one] = await told("/api/tries", { cells: cells.slice(0, 1), ...long });
    const stateOf = async () => (await tries.list(id, run)).find((row) => row.id === one!.id)?.state;
    await expect.poll(stateOf, { timeout: 60_000 }).toBe("drawing");
    await told("/api/tries/cancel", { ids: [one!.id] });
    expect(await stateOf()).toBeUndefined();
    const [next] = await told("/api/tries", { cells: [{ ...cells[0]!, seed: 9 }], ...drawing });
    const nextState = async () => (await tries.list(id, run)).find((row) => row.id === next!.id)?.state;
    await expect.poll(nextState, { timeout: 60_000 }).toBe("done");
    expect(await stateOf()).toBeUndefined();
    expect(bugs).toEqual([]);
  });
});
