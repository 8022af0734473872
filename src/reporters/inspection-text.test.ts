import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { tinySdFolder } from "../assets/index.ts";
import { type Inspection, inspectFile } from "../inspect/index.ts";
import { inspectionText } from "./index.ts";

const about = { path: "/x", bytes: 2048, problems: [] } as const;
const table = { role: "vectors", dtype: "float32", width: 768, norms: [0.4, 0.5] };

const cases: readonly (readonly [Inspection, readonly string[]])[] = [
  [
    {
      ...about,
      kind: "training-state",
      program: "coinage",
      step: 7,
      steps: 10,
      epochsDone: 1,
      tables: [table],
      files: [],
    },
    [
      "/x: training state of coinage, 2.00 KiB",
      "steps 7 of 10",
      "epochs 1",
      "vectors dimension 768, float32, norms 0.400 0.500",
    ],
  ],
  [
    {
      ...about,
      kind: "arrays",
      label: "a latent cache",
      arrays: [{ name: "latents", dtype: "float32", shape: [4, 8, 8] }],
      originalSize: [80, 64],
      cropBox: undefined,
    },
    ["/x: a latent cache, 2.00 KiB", "image 80 x 64", "latents [4, 8, 8] float32"],
  ],
  [
    { ...about, kind: "unknown", problems: [{ code: "CHECKPOINT_UNREADABLE", message: "Odd.", hint: "Look." }] },
    ["/x: unknown kind of file, 2.00 KiB", "problem CHECKPOINT_UNREADABLE Odd.", "Look."],
  ],
  [
    { ...about, kind: "picture", texts: [{ keyword: "prompt", text: "a cat" }] },
    ["/x: image, 2.00 KiB", "prompt a cat"],
  ],
];

const plain = (inspection: Inspection) => inspectionText(inspection).map((line) => line.trim().replaceAll(/ +/g, " "));

test.each(cases)("says in lines what it is: %o", (inspection, lines) => {
  expect(plain(inspection)).toEqual(lines);
});

test("a model's text names its family, networks, and what is missing", async () => {
  const model = await inspectFile(tinySdFolder);
  if (model.kind !== "model") throw new Error("the small model is no model");
  const lines = plain({ ...model, inputs: "inpainting", missing: ["vae", "unet/config.json"] });
  expect(lines[0]).toMatch(/: Stable Diffusion 1 inpainting model, 26\.\d MiB$/);
  expect(lines).toEqual(
    expect.arrayContaining([
      "U-Net 7.48 million parameters, 442 tensors of float16",
      "missing VAE",
      "missing unet/config.json",
    ]),
  );
});

test("texts in a file are shown, not obeyed: escapes, other directions, lines that look like entries", async () => {
  const file = fileURLToPath(new URL("../../test/hostile/st-esc.safetensors", import.meta.url));
  const steering = /(?!\n)\p{Cc}|\p{Bidi_Control}/u;
  const inspection = await inspectFile(file);
  expect(JSON.stringify(inspection)).toContain("\\u001b");
  expect(inspectionText(inspection).join("\n")).not.toMatch(steering);
  const evil = "\x1b[31m\u202e\n  problem        none";
  const lines = inspectionText({
    ...about,
    path: `/${evil}`,
    kind: "picture",
    texts: [{ keyword: evil, text: evil }],
    problems: [{ code: "PNG_INVALID", message: evil, hint: evil }],
  });
  expect(lines.join("\n")).not.toMatch(steering);
  expect(
    lines
      .join("\n")
      .split("\n")
      .filter((line) => line.startsWith("  problem")),
  ).toHaveLength(1);
});

test("a file with masses of entries shows the first ones and says how many more there are", () => {
  const texts = new Array(1000).fill({ keyword: "a", text: "b".repeat(1e5) });
  const lines = inspectionText({ ...about, kind: "picture", texts });
  expect(lines).toHaveLength(202);
  expect(lines.at(-1)).toContain("and 800 more");
  expect(lines[1]!.length).toBeLessThan(2100);
});
