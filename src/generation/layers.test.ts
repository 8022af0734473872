import path from "node:path";
import { expect, test } from "vitest";
import { drawing, failure, saved } from "../../test/drawing.ts";
import { largestDifference } from "../../test/goldens.ts";
import { arrayOf, type NdArray } from "../array/index.ts";
import { writeEmbedding } from "../embedding/index.ts";
import { decodePicture } from "../pictures/index.ts";

const here = drawing();
const layers = ["IN01", "IN03", "IN05", "MID", "OUT02", "OUT03", "OUT04", "OUT05", "OUT06", "OUT07"];
const plain = Array.from({ length: 2 * 96 }, (_, i) => Math.sin(i));

/** An embedding file with vectors [2, 96], or [20, 96] for each layer. */
async function word(name: string, numbers: readonly number[]): Promise<string> {
  const file = path.join(here.folder, `${name}.safetensors`);
  const vectors: NdArray[] = [arrayOf([numbers.length / 96, 96], numbers)];
  const ofLayers = numbers.length > plain.length ? { layers } : {};
  await writeEmbedding(file, { vectors, token: undefined, step: 0, metadata: {}, ...ofLayers }, { layout: "kohya" });
  return file;
}

async function pixels(...line: readonly string[]) {
  const events = await here.run([...line, "--seed", "1", "--scale", "5"]);
  return (await decodePicture(saved(events)[0]!.file)).data;
}

test("a word with the same vectors in every layer draws what an ordinary word does, beside others and in long prompts", async () => {
  const other = await word("zapdot", plain.toReversed());
  const line = [
    ...["--prompt", `a (blorp:1.3) and a zapdot, ${"very ".repeat(80)}big, blorp1 --n a zapdot1`],
    ...["--max_embeddings_multiples", "2", "--textual_inversion_embeddings", other],
  ];
  const ordinary = await pixels(...line, await word("blorp", plain));
  const layered = await pixels(
    ...line,
    "--XTI_embeddings",
    await word(
      "blorp",
      layers.flatMap(() => plain),
    ),
  );
  expect(largestDifference(layered, ordinary)).toBeLessThanOrEqual(1);
  expect(largestDifference(layered, await pixels(...line))).toBeGreaterThan(10);
});

test("each layer reads its own vectors", async () => {
  const drawn = async (changed: number | undefined) => {
    const numbers = layers.flatMap((_, layer) => (layer === changed ? plain.map((value) => -value) : plain));
    return pixels("--prompt", "blorp", "--XTI_embeddings", await word("blorp", numbers));
  };
  const same = await drawn(undefined);
  for (const layer of [0, 9]) expect(largestDifference(await drawn(layer), same)).toBeGreaterThan(0);
});

test("files of the one kind are not taken for the other", async () => {
  const [ordinary, layered] = [
    await word("blorp", plain),
    await word(
      "zapdot",
      layers.flatMap(() => plain),
    ),
  ];
  for (const [flag, file, hint] of [
    ["--XTI_embeddings", ordinary, "training with --xti"],
    ["--textual_inversion_embeddings", layered, "--XTI_embeddings"],
  ] as const)
    expect(await failure(here.run(["--prompt", "x", flag, file]))).toMatchObject({
      code: "EMBEDDING_UNSUPPORTED",
      where: `${flag} ${file}`,
      hint: expect.stringContaining(hint),
    });
});

test("a word with vectors for each layer that no prompt uses is reported, one that a prompt uses is not", async () => {
  const file = await word(
    "blorp",
    layers.flatMap(() => plain),
  );
  const warnings = async (prompt: string) => {
    const events = await here.run(["--prompt", prompt, "--XTI_embeddings", file, "--steps", "1"]);
    return events.flatMap((event) => (event.kind === "warning" ? event.code : []));
  };
  expect(await warnings("a star")).toEqual(["EMBEDDING_UNUSED"]);
  expect(await warnings("a BLORP")).toEqual([]);
});
