import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the project to its end. onTalk: hears what it says on stderr, and may send it signals. */
function run(
  command: readonly string[],
  cwd: string,
  onTalk: (said: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Ended> {
  const [program = "", ...words] = command;
  const child = spawn(program, words, { cwd, env: { ...process.env, NO_COLOR: "1" } });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
    onTalk(stderr, (signal) => child.kill(signal));
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

const tsx = [process.execPath, "--import", import.meta.resolve("tsx")];
const source = [...tsx, path.join(root, "src/cli/main.ts")];

const trainFlags = (out: string): string[] => [
  ...["train", "--pretrained_model_name_or_path", path.join(root, "assets/tiny-sd"), "--output_dir", out],
  ...["--dataset_config", path.join(root, "assets/concepts/pink-striped-cross.toml"), "--token_string", "brimsy"],
  ...[
    "--init_word",
    "cross",
    "--learning_rate",
    "5e-3",
    "--cache_latents",
    "--seed",
    "1",
    "--save_model_as",
    "safetensors",
    "--threads",
    "2",
  ],
];

describe("the program", () => {
  test("takes paths from where the user stands when npm runs it", async () => {
    const asked = ["npm", "run", "-s", "coinage", "--", "inspect", "tiny-sd", "--json"];
    const { code, stdout } = await run(asked, path.join(root, "assets"));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "model", path: path.join(root, "assets/tiny-sd") });
  });

  test("saves at the first Ctrl-C and says how to go on", async () => {
    const events = path.join(folder, "events.jsonl");
    const logs = path.join(folder, "logs");
    let isSent = false;
    const out = path.join(folder, "out");
    const flags = [...trainFlags(out), "--max_train_steps", "10000", "--events", events, "--logging_dir", logs];
    const { code, stdout, stderr } = await run([...source, ...flags], root, (said, kill) => {
      if (isSent || !said.includes("steps: 1/10000")) return;
      isSent = true;
      kill("SIGINT");
    });
    expect(code).toBe(130);
    expect(stdout).toBe(`${path.join(out, "brimsy.safetensors")}\n`);
    expect(existsSync(path.join(out, "brimsy.safetensors"))).toBe(true);
    expect(stderr).toMatch(/stopped after step \d+; what was learned so far is saved\./);
    expect(stderr).toMatch(/train --pretrained_model_name_or_path .* --resume \S+\n/);
    const lines = readFileSync(events, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ kind: "start" });
    expect(lines.at(-1)).toMatchObject({ kind: "done", isInterrupted: true });
    const step = lines.find(({ kind }) => kind === "step");
    for (const key of ["step", "loss", "lr", "samplesPerSecond", "rowNorm", "gradNorm"])
      expect(step, key).toHaveProperty(key, expect.any(Number));
    expect(step.imageKeys).toHaveLength(2);
  });

  test("leaves at once at the second", async () => {
    const endless = `
      const { listenForInterrupt } = await import(${JSON.stringify(path.join(root, "src/cli/interrupt.ts"))});
      const { processTerminal } = await import(${JSON.stringify(path.join(root, "src/reporters/index.ts"))});
      listenForInterrupt(processTerminal(), "once more");
      setInterval(() => process.stderr.write("."), 50);
    `;
    let presses = 0;
    const { signal } = await run([...tsx, "--input-type=module", "--eval", endless], root, (_, kill) => {
      presses++;
      kill("SIGINT");
    });
    expect(signal).toBe("SIGINT");
    // the terminal and npm both tell of one press
    expect(presses).toBeGreaterThan(2);
  });
});
