import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../../test/studio.ts";
import { trainedRuns } from "../../../../test/studio-run.ts";
import { recordingTerminal } from "../../../../test/terminal.ts";
import { trainingFolder } from "../../../../test/training-run.ts";
import { tinySdFolder } from "../../../assets/index.ts";
import { runCommandLine } from "../../../cli/run.ts";
import { placesOf, type RunPlaces, sendCommand } from "../../../runs/index.ts";
import type { Try } from "./rows.ts";

const { ask, work, bugs } = studioRoutes();
const root = path.join(work, "runs");
const trained = trainedRuns();
const { flagsFor } = trainingFolder();
let run: RunPlaces;
let id: string;

beforeAll(async () => {
  run = await trained(root, "vexla");
  id = path.basename(run.folder);
}, 60_000);

const checkpoint = "vexla-step00000005.safetensors";
const shared = { width: 64, height: 64, steps: 3, guidance: 5 };
const cell = (name: string, seed = 7, prompt = "a photo of vexla") => ({ checkpoint: name, prompt, seed });

async function asked(cells: readonly object[], more: object = {}): Promise<readonly Try[]> {
  const answer = await ask("POST", "/api/tries", { body: { run: id, cells, ...shared, ...more } });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { tries: Try[] }).tries;
}

const refused = async (body: object) =>
  codeOf(await ask("POST", "/api/tries", { body: { run: id, cells: [cell("start")], ...shared, ...body } }));

async function all(of = id): Promise<readonly Try[]> {
  return ((await (await ask("GET", `/api/runs/${of}/tries`)).json()) as { tries: Try[] }).tries;
}

/** Waits until all images of a run are drawn, or have failed. */
async function settled(of = id): Promise<readonly Try[]> {
  for (;;) {
    const tries = await all(of);
    if (tries.every(({ state }) => state === "done" || state === "failed")) return tries;
    await pause(50);
  }
}

const pictureOf = (one: Try | undefined, places = run) => readFileSync(path.join(places.folder, "tries", one!.file!));

/** Ids of the processes that draw images for a process. Source: Linux, proc(5). */
function drawersOf(parent: number): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const isOurs = readFileSync(`/proc/${name}/cmdline`, "utf8").includes("using/tries/process");
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return isOurs && state !== "Z" && Number(ppid) === parent ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

async function until<Found>(
  look: () => Found | undefined | false | Promise<Found | undefined | false>,
): Promise<Found> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await pause(50);
  }
}

describe("images of a word", { timeout: 120_000 }, () => {
  test("are drawn once, and told to whoever looks at the run", async () => {
    const stream = await ask("GET", `/api/events?runs=${id}`);
    const cells = [cell("start"), cell(checkpoint), cell("vexla.safetensors"), cell(checkpoint, 8)];
    const tries = await asked(cells);
    expect(tries.map(({ state }) => state)).toEqual(["waiting", "waiting", "waiting", "waiting"]);
    expect(tries.map(({ checkpoint, seed }) => [checkpoint, seed])).toEqual(
      cells.map((one) => [one.checkpoint, one.seed]),
    );
    const done = await settled();
    expect(done.map(({ state, problem }) => [state, problem])).toEqual(cells.map(() => ["done", undefined]));

    const reader = stream.body!.getReader();
    let text = "";
    while (!/event: try\ndata: \{[^\n]*"state":"done"/.test(text))
      text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();

    const files = tries.map(({ id }) => path.join(run.folder, "tries", `${id}.png`));
    const times = files.map((file) => statSync(file).mtimeMs);
    const again = await asked(cells);
    expect(again.map(({ id, state, file }) => [id, state, file])).toEqual(
      tries.map(({ id }) => [id, "done", `${id}.png`]),
    );
    expect(files.map((file) => statSync(file).mtimeMs)).toEqual(times);
    expect(again[0]).toMatchObject({ seconds: expect.any(Number), atMs: expect.any(Number) });
    const sent = await ask("GET", `/api/runs/${id}/files/tries/${again[0]!.file}`);
    expect(Buffer.from(await sent.arrayBuffer())).toEqual(pictureOf(again[0]));
  });

  test("of a step are other ones than those of the init word, and the ones that coinage generate draws with the same seed", async () => {
    const [start, step] = await asked([cell("start"), cell(checkpoint)]);
    await settled();
    const drawn = {
      start: pictureOf({ ...start!, file: `${start!.id}.png` }),
      step: pictureOf({ ...step!, file: `${step!.id}.png` }),
    };
    expect(drawn.start).not.toEqual(drawn.step);
    for (const [name, prompt] of [
      ["start", "a photo of ring"],
      ["step", "a photo of vexla"],
    ] as const) {
      const out = path.join(work, `cli-${name}`);
      mkdirSync(out);
      const words = [
        ...["generate", "--ckpt", tinySdFolder, "--prompt", prompt, "--seed", "7", "--outdir", out],
        ...["--W", "64", "--H", "64", "--steps", "3", "--scale", "5", "--threads", "1"],
        ...(name === "step"
          ? ["--textual_inversion_embeddings", `vexla=${path.join(run.checkpoints, checkpoint)}`]
          : []),
      ];
      expect(await runCommandLine(words, recordingTerminal())).toBe(0);
      const [file] = readdirSync(out);
      // every byte, including the texts that say how it was drawn
      expect(readFileSync(path.join(out, file!))).toEqual(drawn[name]);
    }
  });

  test("of checkpoints with the same vectors are one image", async () => {
    const [first] = await asked([cell("vexla.safetensors", 9)]);
    const [now] = await asked([cell("now", 9)]);
    // the run has ended, so this is its newest checkpoint
    expect(now!.id).toBe(first!.id);
    await settled();
    expect((await all()).filter(({ seed }) => seed === 9)).toHaveLength(1);
  });

  test("that cannot be drawn say why, and the next is drawn", async () => {
    writeFileSync(path.join(run.checkpoints, "damaged.safetensors"), "no embedding");
    const [wrong, right] = await asked([cell("damaged.safetensors"), cell("start", 10)]);
    const done = await settled();
    expect(done.find(({ id }) => id === wrong!.id)).toMatchObject({
      state: "failed",
      problem: { code: expect.stringMatching(/EMBEDDING|SAFETENSORS/) },
    });
    expect(done.find(({ id }) => id === right!.id)?.state).toBe("done");
  });

  test.each([
    [{ run: "nothing" }, "RUN_NOT_FOUND"],
    [{ run: "../runs" }, "NAME_REFUSED"],
    [{ cells: [cell("../run.json")] }, "NAME_REFUSED"],
    [{ cells: [cell("nothing.safetensors")] }, "FILE_NOT_FOUND"],
    [{ cells: [cell(".hidden.safetensors")] }, "NAME_REFUSED"],
    [{ cells: [cell("start", 1, "a photo of vexla --W 4096")] }, "PROMPT_INVALID"],
    [{ cells: [cell("start", 1, "a\nb")] }, "PROMPT_INVALID"],
    [{ cells: [] }, "BODY_INVALID"],
    [{ cells: [cell("start", -1)] }, "BODY_INVALID"],
    [{ width: 10 }, "BODY_INVALID"],
  ])("%j is refused with %s", async (body, code) => {
    expect(await refused(body)).toBe(code);
  });
});

describe.skipIf(process.platform !== "linux")("the process that draws", { timeout: 120_000 }, () => {
  test("is told of when it is killed, and the next image is drawn by another", async () => {
    const [slow] = await asked([cell("start", 20)], { steps: 500, width: 256, height: 256 });
    const [pid] = await until(() => {
      const found = drawersOf(process.pid);
      return found.length > 0 && found;
    });
    await until(async () => (await all()).find((one) => one.id === slow!.id && (one.drawnSteps ?? 0) > 0));
    process.kill(pid!, "SIGKILL");
    const tries = await settled();
    expect(tries.find(({ id }) => id === slow!.id)).toMatchObject({ state: "failed", problem: { code: "TRY_FAILED" } });
    const [next] = await asked([cell("start", 21)]);
    expect((await settled()).find(({ id }) => id === next!.id)?.state).toBe("done");
    expect(drawersOf(process.pid)).not.toContain(pid);
  });

  test("ends with its studio, even when that is killed", async () => {
    const main = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
    const words = ["--import", import.meta.resolve("tsx"), main, "studio", "--no_open", "--port", "0"];
    const studio = spawn(process.execPath, words, {
      env: { ...process.env, COINAGE_HOME: work },
      stdio: ["ignore", "pipe", "ignore"],
    });
    let said = "";
    for await (const part of studio.stdout) {
      said += part;
      if (said.includes("\n")) break;
    }
    const { origin, searchParams } = new URL(said.trim());
    await fetch(`${origin}/api/tries`, {
      method: "POST",
      headers: { authorization: `Bearer ${searchParams.get("k")}`, "content-type": "application/json" },
      body: JSON.stringify({ run: id, cells: [cell("start", 30)], width: 256, height: 256, steps: 500 }),
    });
    const [pid] = await until(() => {
      const found = drawersOf(studio.pid!);
      return found.length > 0 && found;
    });
    const ended = once(studio, "exit");
    studio.kill("SIGKILL");
    await ended;
    await until(() => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "));
  });
});

describe("while a run is under way", { timeout: 120_000 }, () => {
  let child: ChildProcess;
  let live: RunPlaces;

  beforeAll(async () => {
    const all = flagsFor("--max_train_steps", "100000");
    const at = all.indexOf("--output_dir");
    const main = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
    const words = ["train", ...all.slice(0, at), ...all.slice(at + 2), "--run", "lamp", "--runs_dir", root];
    child = spawn(process.execPath, ["--import", "tsx", main, ...words], { stdio: "ignore" });
    const name = await until(() => readdirSync(root).find((one) => one.endsWith("_lamp")));
    live = placesOf(path.join(root, name));
    await until(
      async () =>
        ((await (await ask("GET", `/api/runs/${name}`)).json()) as { run?: { state: string } }).run?.state ===
        "running",
    );
  });

  test("it draws what is asked of its vectors, and the rest waits for its end", async () => {
    const liveId = path.basename(live.folder);
    const [waiting] = await asked([cell("start", 40)]);
    expect(waiting).toMatchObject({ state: "waiting", reason: expect.stringContaining("lamp is under way") });
    const [now] = await asked([cell("now", 5)], { run: liveId });
    expect(now).toMatchObject({ checkpoint: "now" });
    const [drawn] = await settled(liveId);
    expect(drawn).toMatchObject({ id: now!.id, state: "done", checkpoint: "now", width: 64, height: 64, seed: 5 });
    expect(drawn!.trainedSteps).toBeGreaterThan(0);
    expect(pictureOf(drawn, live).subarray(1, 4).toString()).toBe("PNG");
    if (process.platform === "linux") expect(drawersOf(process.pid)).toEqual([]);
    expect((await all()).find(({ id }) => id === waiting!.id)?.state).toBe("waiting");
    expect(await codeOf(await ask("POST", `/api/runs/${id}/report`))).toBe("RUN_BUSY");
    await givenUp(live);
    const ended = once(child, "exit");
    await sendCommand(live, { command: "stopNow" });
    await ended;
    expect((await settled()).find(({ id }) => id === waiting!.id)?.state).toBe("done");
  });
});

/** Cancels an image that the run itself draws, and one that waits for it; the run goes on. */
async function givenUp(live: RunPlaces): Promise<void> {
  const id = path.basename(live.folder);
  const drawn = readdirSync(live.samples);
  const cells = [cell("now", 6), cell("now", 7)];
  const ids = (await asked(cells, { run: id, steps: 500, width: 256, height: 256 })).map((one) => one.id);
  await until(async () => (await all(id)).some(({ state }) => state === "drawing"));
  await ask("POST", "/api/tries/cancel", { body: { run: id, ids } });
  expect((await all(id)).map(({ state }) => state)).toEqual(["done"]);
  const journal = () => readFileSync(live.journal, "utf8");
  await until(() => journal().split('"problem":"It was given up."').length === 1 + ids.length);
  const told = journal().length;
  await until(() => journal().slice(told).includes('"kind":"step"'));
  expect(readdirSync(live.samples)).toEqual(drawn);
}

test("nothing was a mistake of the studio", () => expect(bugs).toEqual([]));
