import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { recordingTerminal } from "../../test/terminal.ts";
import { arrayOf } from "../array/index.ts";
import { conceptsFolder, tinySdFolder } from "../assets/index.ts";
import { writeEmbedding } from "../embedding/index.ts";
import { packageVersion } from "./program.ts";
import { runCommandLine } from "./run.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
/** A device that the tests' platform cannot have. */
const foreignDevice = os.platform() === "win32" ? "coreml" : "dml";
const at = (name: string): string => path.join(folder, name);

async function run(...argv: readonly string[]): Promise<{ code: number; results: string; talked: string }> {
  const terminal = recordingTerminal();
  const code = await runCommandLine(argv, terminal);
  return { code, results: terminal.results(), talked: terminal.talked() };
}

async function embedding(name: string, width = 768): Promise<string> {
  const vectors = { dtype: "float32", shape: [1, width], data: new Float32Array(width).fill(0.5) } as const;
  const word = { vectors: [vectors], token: undefined, step: undefined, metadata: {} };
  await writeEmbedding(at(name), word, { layout: "kohya" });
  return at(name);
}

describe("the command line", () => {
  test("prints its version and its commands, as results", async () => {
    expect(await run("--version")).toEqual({ code: 0, results: `${packageVersion()}\n`, talked: "" });
    const { code, results } = await run("--help");
    expect(code).toBe(0);
    for (const command of ["train", "generate", "inspect", "convert", "demo", "worker"])
      expect(results).toContain(command);
    expect(await run()).toEqual({ code: 2, results: "", talked: results });
  });

  test.each(["train", "generate", "inspect", "convert", "studio", "demo"])("explains %s", async (command) => {
    const asked = await run(command, "--help");
    expect(asked).toMatchObject({ code: 0, talked: "" });
    expect(asked.results).toContain(`Usage: coinage ${command}`);
    expect(await run("help", command)).toEqual(asked);
  });

  test.each([
    [["trian"], 2, "Did you mean train?"],
    [["worker"], 2, "--queue"],
    [["cluster", "clean"], 2, "--queue"],
    [["cluster", "clen", "--queue", "redis://127.0.0.1"], 2, 'no "clen"'],
    [["worker", "--queue", "redis://127.0.0.1", "--models", "nowhere"], 1, "nowhere"],
    [["worker", "--queue", "http://there"], 2, "redis://"],
    [["worker", "--queue", "unix:///nowhere", "--idle_exit", "10"], 2, "--idle_exit expects a time such as 90s"],
    [["worker", "--queue", "unix:///nowhere", "--idle_exit", "-2s"], 2, "--idle_exit"],
    [["worker", "--queue", "unix:///nowhere", "--once=2"], 2, "--once"],
    [["worker", "--queue", "unix:///nowhere", "--threads", "0"], 2, "--threads expects a number"],
    [["worker", "--queue", "unix:///nowhere", "--cache_limit", "much"], 2, "--cache_limit expects a size"],
    [["worker", "--queue", "unix:///nowhere", "--idle_exit", "2s"], 1, "CLUSTER_UNREACHABLE"],
    [["studio", "--port", "seven"], 2, "--port"],
    [["studio", "--host", "0.0.0.0"], 2, "--allow_host"],
    [["studio", "here"], 2, "Usage: coinage studio"],
    [["train", "--token_strin=x", "--nonsense"], 2, "--nonsense"],
    [["train"], 2, "--token_string"],
    [["generate"], 2, "--ckpt"],
    [["generate", "--ckpt", "/nowhere/model.safetensors", "--prompt", "x"], 1, "/nowhere/model.safetensors"],
    [["generate", "--ckpt", tinySdFolder, "--prompt", "x", "--device", foreignDevice], 1, "DEVICE_UNAVAILABLE"],
    [["inspect"], 2, "Usage: coinage inspect"],
    [["inspect", "x", "--jsom"], 2, "Did you mean --json?"],
    [["inspect", "/nowhere/x"], 1, "FILE_NOT_FOUND"],
    [["convert", "a"], 2, "Usage: coinage convert"],
    [["convert", "a", "b", "--to", "difusers"], 2, "Did you mean diffusers?"],
    [["demo", "more", "--fast"], 2, "--fast"],
  ])("%j ends with %i and says what is wrong, without a stack", async (argv, code, text) => {
    const ended = await run(...argv);
    expect(ended).toMatchObject({ code, results: "" });
    expect(ended.talked).toContain(text);
    expect(ended.talked).not.toMatch(/^\s+at /m);
  });

  test("explains in words what the system refuses, without a stack", async () => {
    const refusing = {
      ...recordingTerminal(),
      result: () => {
        readdirSync(at("nowhere"));
      },
    };
    let talked = "";
    const talk = (text: string): void => {
      talked += text;
    };
    expect(await runCommandLine(["--version"], { ...refusing, talk })).toBe(1);
    expect(talked).toContain(`SYSTEM_REFUSED  ${at("nowhere")} cannot be used: it does not exist`);
    expect(talked).not.toMatch(/^\s+at |bug/m);
  });

  test("shows the stack of a bug and asks to report it", async () => {
    const terminal = {
      ...recordingTerminal(),
      result: () => {
        throw new Error("broken inside");
      },
    };
    let talked = "";
    const code = await runCommandLine(["--version"], {
      ...terminal,
      talk: (text) => {
        talked += text;
      },
    });
    expect(code).toBe(1);
    expect(talked).toMatch(/broken inside\n\s+at [\s\S]*Please report it/);
  });
});

describe("inspect", () => {
  test("tells files apart, for people and as JSON", async () => {
    const file = await embedding("word.safetensors");
    const { code, results } = await run("inspect", file, tinySdFolder);
    expect(code).toBe(0);
    expect(results).toContain(`${file}: embedding for Stable Diffusion 1`);
    expect(results).toContain("Stable Diffusion 1 model");
    const json = await run("inspect", "--json", file, tinySdFolder);
    const [first, second] = json.results
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({ kind: "embedding", vectors: 1, layout: "emb_params" });
    expect(second).toMatchObject({ kind: "model", family: { value: "sd1" } });
  });

  test("continues after a file that does not exist", async () => {
    const file = await embedding("other.safetensors");
    const { code, results, talked } = await run("inspect", at("missing"), file);
    expect(code).toBe(1);
    expect(results).toContain(file);
    expect(talked).toContain("FILE_NOT_FOUND");
  });
});

describe("convert", () => {
  test.each([
    ["out.pt", [], "a1111"],
    ["out.bin", [], "diffusers"],
    ["out.safetensors", [], "kohya"],
    ["out.png", [], "png"],
    ["told.bin", ["--to", "invoke"], "invoke"],
  ])("writes %s as %j asks", async (name, flags, layout) => {
    const file = await embedding("in.safetensors");
    expect(await run("convert", file, at(name), ...flags)).toEqual({
      code: 0,
      results: `${at(name)}\n`,
      talked: expect.stringMatching(
        new RegExp(`^${name === "out.bin" ? "(warning: .*SD\\.Next.*\n){2}" : ""}1 vector in ${layout} layout\n$`),
      ),
    });
    expect((await run("inspect", at(name))).results).toContain("embedding for Stable Diffusion 1");
  });

  test("shows how diffusers loads the two tables of SDXL", async () => {
    const pair = [768, 1280].map((width) => arrayOf([1, width], new Float32Array(width)));
    const xl = { token: undefined, vectors: pair, step: undefined, metadata: {} };
    await writeEmbedding(at("xl.safetensors"), xl, { layout: "kohya" });
    const { code, talked } = await run("convert", at("xl.safetensors"), at("two.safetensors"), "--to", "diffusers");
    expect(code).toBe(0);
    expect(talked.match(/^ {2}pipe\.load_textual_inversion\(tables\["clip_[lg]"\]/gm)).toHaveLength(2);
  });

  test("never writes over what it reads", async () => {
    const file = await embedding("same.safetensors");
    const before = readFileSync(file);
    expect(await run("convert", file, path.join(folder, ".", "same.safetensors"))).toMatchObject({ code: 1 });
    expect(readFileSync(file)).toEqual(before);
  });

  test("replaces another file only when asked to, and an equal one silently", async () => {
    const [file, other] = [await embedding("first.safetensors"), await embedding("second.safetensors", 1024)];
    const before = readFileSync(other);
    expect(await run("convert", file, other)).toMatchObject({
      code: 1,
      talked: expect.stringContaining("--overwrite"),
    });
    expect(await run("convert", file, folder)).toMatchObject({ code: 1, talked: expect.stringContaining("folder") });
    expect(readFileSync(other)).toEqual(before);
    expect(await run("convert", file, other, "--overwrite")).toMatchObject({ code: 0 });
    expect(readFileSync(other)).not.toEqual(before);
    expect(await run("convert", file, other)).toMatchObject({ code: 0 });
  });
});

describe("train", () => {
  const flags = ["--pretrained_model_name_or_path", tinySdFolder, "--token_string", "catx", "--output_dir", at("out")];
  const pictures = (): string => {
    const source = path.join(conceptsFolder, "pink-striped-cross");
    const config = `[[datasets]]\nresolution = 64\n[[datasets.subsets]]\nimage_dir = ${JSON.stringify(source)}\nclass_tokens = "catx"\n`;
    writeFileSync(at("data.toml"), config);
    return at("data.toml");
  };

  test("lists what the dataset yields and does not train with --debug_dataset", async () => {
    const { code, results } = await run("train", ...flags, "--dataset_config", pictures(), "--debug_dataset");
    expect(code).toBe(0);
    expect(results).toContain("catx: token id 49408");
    expect(results).toContain("step 6/6");
    expect(readdirSync(folder)).not.toContain("out");
  });

  test("writes the settings and does not train with --output_config", async () => {
    const { code, results } = await run("train", ...flags, "--output_config", "--config_file", at("settings"));
    expect({ code, results }).toEqual({ code: 0, results: `${at("settings.toml")}\n` });
    expect(readFileSync(at("settings.toml"), "utf8")).toContain('token_string = "catx"');
  });
});

test("examples and hints name the program as it must be called here", async () => {
  const called = "npm run -s coinage -- ";
  for (const command of ["train", "generate", "inspect", "convert"])
    expect((await run(command, "--help")).results).toContain(`  ${called}${command}`);
  expect((await run("cluster", "--help")).results).toContain(`  ${called}cluster clean`);
  expect((await run("train", "--help")).results).toContain("Usage: coinage train");
});
