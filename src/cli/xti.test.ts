import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { recordingTerminal } from "../../test/terminal.ts";
import { trainingFolder } from "../../test/training-run.ts";
import { writeEmbedding } from "../embedding/index.ts";
import { runCommandLine } from "./run.ts";

const { work, flagsFor } = trainingFolder();
const at = (name: string): string => path.join(work, name);
const layers = "IN01 IN03 IN05 MID OUT02 OUT03 OUT04 OUT05 OUT06 OUT07";

async function run(...argv: readonly string[]): Promise<{ code: number; results: string; talked: string }> {
  const terminal = recordingTerminal();
  const code = await runCommandLine(argv, terminal);
  return { code, results: terminal.results(), talked: terminal.talked() };
}

/** A short run of train_textual_inversion_XTI.py into a folder. */
function teach(folder: string, ...flags: readonly string[]) {
  const given = [
    ...["--cache_latents", "--shuffle_caption", "--num_vectors_per_token", "2", "--max_train_steps", "4"],
    ...["--save_model_as", "pt", "--output_dir", at(folder)],
  ];
  return run("train_textual_inversion_XTI.py", ...flagsFor(...given, ...flags));
}

describe("train_textual_inversion_XTI.py", () => {
  let straight: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    straight = await teach("straight");
  });

  test("teaches vectors for each layer", () => {
    expect(straight).toMatchObject({ code: 0, results: `${at("straight/vexla.pt")}\n` });
    expect(straight.talked).toContain("vexla vexla1 for each of 10 layers (IN01 to OUT07), ids 49408 to 49427");
  });

  test("continues from a state to the same file, bit for bit; an ordinary word does not", async () => {
    await teach("first", "--max_train_steps", "2", "--save_state_on_train_end");
    const resume = ["--resume", at("first/vexla-state")];
    expect(await teach("rest", ...resume)).toMatchObject({ code: 0 });
    const [whole, rest] = ["straight", "rest"].map((folder) => readFileSync(at(`${folder}/vexla.pt`)));
    expect(rest!.equals(whole!)).toBe(true);

    // the same number of rows as in the state
    const ordinary = flagsFor("--cache_latents", "--shuffle_caption", "--num_vectors_per_token", String(10 * 2));
    const refused = await run("train", ...ordinary, ...resume);
    expect(refused).toMatchObject({ code: 1, talked: expect.stringContaining("STATE_MISMATCH") });
    expect(refused.talked).toContain("--xti was true and is not given");
  });

  test("writes a file that inspect describes, convert rewrites and training can start from", async () => {
    const { results } = await run("inspect", at("straight/vexla.pt"));
    expect(results).toMatch(/vectors +2 for each of 10 layers of the U-Net\n +layout +xti/);
    expect([...results.matchAll(/^ +(\w+) +dimension 96, float32/gm)].map(([, layer]) => layer).join(" ")).toBe(layers);
    const converted = at("vexla.safetensors");
    const { code, talked } = await run("convert", at("straight/vexla.pt"), converted);
    expect({ code, talked }).toEqual({ code: 0, talked: "2 vectors in kohya layout\n" });
    await teach("again", "--weights", converted, "--learning_rate", "0", "--save_model_as", "safetensors");
    expect(readFileSync(at("again/vexla.safetensors")).equals(readFileSync(converted))).toBe(true);
  });

  test("refuses to start from a word of another kind, or of another number of vectors", async () => {
    const data = new Float32Array(2 * 96).fill(0.1);
    const vectors = [{ dtype: "float32", shape: [2, 96], data }] as const;
    await writeEmbedding(at("plain.pt"), { vectors, token: "x", step: 0, metadata: {} }, { layout: "kohya" });
    const plain = await teach("refused", "--weights", at("plain.pt"));
    expect(plain).toMatchObject({ code: 1, talked: expect.stringContaining("has no vectors for each layer") });
    const three = await teach("refused", "--weights", at("straight/vexla.pt"), "--num_vectors_per_token", "3");
    expect(three).toMatchObject({ code: 1, talked: expect.stringContaining("has 2 vectors, 3 requested") });
  });
});
