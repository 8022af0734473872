import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { drawing, saved } from "../../test/drawing.ts";
import { arrayOf } from "../array/index.ts";
import { writeEmbedding } from "../embedding/index.ts";
import { readPngTexts } from "../formats/png-text/index.ts";
import { readPictureSize } from "../pictures/index.ts";

const here = drawing();

const long = Array.from({ length: 90 }, (_, i) => `word${i}`).join(" ");

/** Lines of a prompt file, each with the sizes of its images at two images per prompt; none for lines that are no prompt. */
const lines: readonly (readonly [line: string, ...sizes: string[]])[] = [
  ["# every kind of line"],
  ["a red star", "64x64", "64x64"],
  ["a red star --n blurry", "64x64", "64x64"],
  ["a red star --w 96", "96x64", "96x64"],
  ["a red star --h 96", "64x96", "64x96"],
  ["a red star --w 72 --h 104", "72x104", "72x104"],
  ["a red star --w 8 --h 8", "8x8", "8x8"],
  ["a red star --s 3", "64x64", "64x64"],
  ["a red star --s 0", "64x64", "64x64"],
  [""],
  ["a red star --d 5", "64x64", "64x64"],
  ["a red star --d 5,6", "64x64", "64x64"],
  ["a red star --d 5,6,7", "64x64", "64x64"],
  ["a red star --d +9", "64x64", "64x64"],
  ["a red star --l 1", "64x64", "64x64"],
  ["a red star --l 0", "64x64", "64x64"],
  ["a red star --l 12.5 --nl 2", "64x64", "64x64"],
  ["a red star --nl 0.5 --n blurry", "64x64", "64x64"],
  ["a red star --nl none", "64x64", "64x64"],
  ["a red star --t 0.3", "64x64", "64x64"],
  ["a red star --c a clip prompt", "64x64", "64x64"],
  ["a red star --f named.png", "64x64", "64x64"],
  ["a red star --f named.webp", "64x64", "64x64"],
  ["a red star --f named", "64x64", "64x64"],
  ["a red star --f named.png --w 96", "96x64", "96x64"],
  ["a red star --ow 1024 --oh 1024 --nw 512 --nh 512 --ct 8 --cl 8", "64x64", "64x64"],
  ["a red star --W 96 --N BLURRY --S 1", "96x64", "96x64"],
  ["a red star --w 96 --w 72", "72x64", "72x64"],
  ["a red star --w ９６", "96x64", "96x64"],
  ["a red star --w 96garbage", "96x64", "96x64"],
  ["a red star --l 1.2.3", "64x64", "64x64"],
  ["a red star --unknown 3 --x", "64x64", "64x64"],
  ["   # no note, for it does not begin with the sign", "64x64", "64x64"],
  ["(a red:1.3) [star] ((with)) a (ring:-0.5)", "64x64", "64x64"],
  ["(a red star", "64x64", "64x64"],
  ["a \\(red\\) star:1.2)", "64x64", "64x64"],
  ["a red star --n (blurry:1.4), [low quality]", "64x64", "64x64"],
  ["a red star BREAK a ring", "64x64", "64x64"],
  ["BREAK", "64x64", "64x64"],
  [`${long}`, "64x64", "64x64"],
  [`a red star --n ${long}`, "64x64", "64x64"],
  [`(${long}:0.9) BREAK ${long} ${long} ${long}`, "64x64", "64x64"],
  ["a {red|green|blue} star", "64x64", "64x64"],
  ["a {2$$red|green|blue} star", "64x64", "64x64"],
  ["a {1-2$$ and $$red|green|blue} {star|{ring|heart}}", "64x64", "64x64"],
  ["a {e$$red|green} star", "64x64", "64x64", "64x64", "64x64"],
  ["a {e$$red|green} {star|ring} --d 3", "64x64", "64x64", "64x64", "64x64"],
  ["a red star --w {72|72}", "72x64", "72x64"],
  ["a \\{red\\} star {a|b}", "64x64", "64x64"],
  ["a {red} star", "64x64", "64x64"],
  ["a photo of blorp", "64x64", "64x64"],
  ["a photo of (blorp:1.2) --n blorp1", "64x64", "64x64"],
  ["ein grüner Stern, 赤い星, ⭐, <b>&amp;</b>", "64x64", "64x64"],
  [" --n only a negative prompt", "64x64", "64x64"],
];

test("a prompt file of every kind of line is drawn to its end", async () => {
  const word = {
    vectors: [arrayOf([2, 96], new Float32Array(192).fill(0.01))],
    token: "x",
    step: undefined,
    metadata: {},
  };
  const embedding = path.join(here.folder, "blorp.safetensors");
  await writeEmbedding(embedding, word, { layout: "kohya", precision: undefined });
  const file = here.file("prompts.txt", ...lines.map(([line]) => line));
  const line = ["--from_file", file, "--textual_inversion_embeddings", embedding, "--steps", "1", "--seed", "1"];
  const events = await here.run([
    ...line,
    "--images_per_prompt",
    "2",
    "--batch_size",
    "4",
    "--max_embeddings_multiples",
    "3",
  ]);

  const pictures = saved(events);
  const sizes = await Promise.all(pictures.map(async (picture) => (await readPictureSize(picture.file)).join("x")));
  expect(lines.filter(([, size]) => size).length).toBeGreaterThanOrEqual(50);
  expect(sizes).toEqual(lines.flatMap(([, ...expected]) => expected));
  expect(new Set(pictures.map((picture) => picture.file)).size).toBe(pictures.length);
  for (const picture of pictures.filter(({ file }) => file.endsWith(".png"))) {
    const texts = new Map(readPngTexts(readFileSync(picture.file)).map(({ keyword, text }) => [keyword, text]));
    expect([texts.get("prompt"), texts.get("seed")]).toEqual([picture.prompt, String(picture.seed)]);
  }
  const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
  expect(warnings).toEqual([
    expect.stringContaining('"garbage" behind --w 96 is ignored'),
    expect.stringContaining("--l 1.2.3 is ignored"),
    expect.stringContaining('"--unknown 3" is ignored'),
    expect.stringContaining('"--x" is ignored'),
    ...Array(3).fill(expect.stringContaining("too long")),
  ]);
});
