import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, vi } from "vitest";
import { isUnderWay, listRuns, placesOf, type RunRow, sendCommand } from "../src/runs/index.ts";
import type { studioRoutes } from "./studio.ts";
import { concept } from "./training-run.ts";

type Asking = Pick<ReturnType<typeof studioRoutes>, "ask" | "work">;

/** Settings of a run on the small model with very short steps. */
const quick = { resolution: [128, 128], init_word: "ring", learning_rate: 0.01, device: "cpu", seed: 1 };

/** Real runs of a studio, started through its routes. Those still running at the end of the test file are stopped. */
export function studioRuns({ ask, work }: Asking) {
  const root = path.join(work, "runs");
  let drafts = 0;

  afterAll(async () => {
    const active = async () => (await listRuns(root)).filter(({ state }) => state && isUnderWay(state));
    for (const { folder } of await active()) await sendCommand(placesOf(folder), { command: "stopNow" });
    await vi.waitFor(async () => expect(await active()).toEqual([]), { timeout: 60_000 });
  }, 90_000);

  /** The answer to a request, which must succeed. */
  async function told<Answer = { run: RunRow }>(method: string, target: string, body?: object): Promise<Answer> {
    const answer = await ask(method, target, body && { body });
    const data = (await answer.json()) as Answer;
    expect([answer.status, data]).toEqual([200, data]);
    return data;
  }

  /** A draft with three pictures and the small model; returns its id. */
  async function draftOf(word: string, settings: object): Promise<string> {
    const { models } = await told<{ models: { id: string; name: string }[] }>("GET", "/api/models");
    const model = { id: models.find(({ name }) => name === "tiny-sd")!.id };
    const id = `draft${String(++drafts).padStart(3, "0")}`;
    const names = readdirSync(concept).filter((name) => name.endsWith(".png"));
    for (const name of names.slice(0, 3))
      await ask("PUT", `/api/drafts/${id}/pictures/${name}`, {
        body: new Uint8Array(readFileSync(path.join(concept, name))),
      });
    const body = { revision: 0, word, model, settings: { ...quick, ...settings } };
    await told("PUT", `/api/drafts/${id}`, body);
    return id;
  }

  /** Starts or queues a run. */
  async function start(word: string, settings: object): Promise<RunRow> {
    return (await told("POST", "/api/runs", { draft: await draftOf(word, settings) })).run;
  }

  const read = async (id: string): Promise<RunRow> => (await told("GET", `/api/runs/${id}`)).run;

  /** Waits until a run satisfies a condition. */
  async function until(id: string, fits: (row: RunRow) => boolean): Promise<RunRow> {
    let row = await read(id);
    await expect
      .poll(
        async () => {
          row = await read(id);
          return fits(row) || `${row.state} ${row.problem?.message ?? ""} ${row.lastWords.join("\n")}`;
        },
        { timeout: 100_000, interval: 50 },
      )
      .toBe(true);
    return row;
  }

  return { root, told, draftOf, start, read, until };
}
