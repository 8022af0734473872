import { once } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { drawing, saved } from "../../../test/drawing.ts";
import { generateFromSettings } from "../run.ts";
import type { GenerationRunEvent } from "../run-events.ts";
import { typedLines } from "./typed.ts";

const here = drawing();

async function* typing(...lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

const kinds = (events: readonly GenerationRunEvent[]) =>
  events.map(({ kind }) => kind).filter((kind) => kind !== "step");

describe("typed prompts", () => {
  test("are drawn one after another, each whole before the next is asked for, until they end", async () => {
    const line = ["--interactive", "--seed", "5", "--batch_size", "4", "--sequential_file_name"];
    const events = await here.run([...line, "--images_per_prompt", "2"], {
      prompts: typing("a star", "a ring --d 7 --w 96"),
    });
    const drawn = ["prompt", "saved", "saved"] as const;
    expect(kinds(events)).toEqual(["model", "start", "asking", ...drawn, "asking", ...drawn, "asking", "done"]);
    expect(events.find(({ kind }) => kind === "start")).toMatchObject({ pictures: undefined });
    const prompts = events.filter((event) => event.kind === "prompt");
    expect(prompts.map(({ text }) => text)).toEqual(["a star", "a ring --d 7 --w 96"]);
    expect(prompts.flatMap(({ seeds }) => seeds)).toEqual(saved(events).map(({ seed }) => seed));
    expect(prompts[1]!.seeds).toEqual([7, 7]);
    expect(saved(events).map(({ picture, pictures }) => [picture, pictures])).toEqual([
      [1, 2],
      [2, 2],
      [1, 2],
      [2, 2],
    ]);
    expect(here.written()).toEqual([1, 2, 3, 4].map((number) => `im_00000${number}.png`));
  });

  test("draw seeds on from one to the next", async () => {
    const line = ["--interactive", "--seed", "5"];
    const seeds = async (...typed: readonly string[]) =>
      saved(await here.run(line, { prompts: typing(...typed) })).map(({ seed }) => seed);
    const [first, second] = await seeds("a", "b");
    expect(second).not.toBe(first);
    expect(await seeds("x")).toEqual([first]);
  });

  test("without text are asked for again; one that cannot be drawn is reported and does not end the run", async () => {
    const typed = typing("", "   ", "(a:1.2.3)", "a --w 100", "a --l 1.2.3");
    const events = await here.run(["--interactive"], { prompts: typed });
    expect(saved(events)).toHaveLength(1);
    const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.code] : []));
    expect(warnings).toEqual(["PROMPT_WEIGHT_INVALID", "PICTURE_SIZE", "PROMPT"]);
    expect(events.filter(({ kind }) => kind === "asking")).toHaveLength(6);
  });
});

describe("lines of a stream", () => {
  test("come as they are typed; those typed early wait", async () => {
    const stream = new PassThrough();
    stream.write("a star\r\na ri");
    const lines = typedLines(stream);
    expect((await lines.next()).value).toBe("a star");
    stream.end("ng");
    expect((await lines.next()).value).toBe("a ring");
    expect((await lines.next()).done).toBe(true);
  });

  test("an abort ends the waiting, and the run with what is drawn", async () => {
    const stream = new PassThrough();
    const controller = new AbortController();
    const settings = here.settings(["--interactive"]);
    stream.write("a star\n");
    const events: GenerationRunEvent[] = [];
    for await (const event of generateFromSettings(
      { settings, warnings: [] },
      { prompts: typedLines(stream, controller.signal) },
    )) {
      events.push(event);
      if (event.kind === "asking" && saved(events).length > 0) setImmediate(() => controller.abort());
    }
    expect(events.at(-1)).toMatchObject({ kind: "done", files: [expect.any(String)] });
    const closed = once(stream, "close");
    stream.destroy();
    await closed;
  });
});
