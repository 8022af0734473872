import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
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

/** Runs a program of the project to its end. onTalk: receives its output on stderr, and may send it signals. */
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
    expect(stderr).toMatch(/stopped after step \d+; what was learned so far has been saved\./);
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

  test("saves when its terminal is closed, though nothing can be said any more", async () => {
    const out = path.join(folder, "hangup");
    // "_" contains nohup if the tests themselves were started under it
    const child = spawn(source[0]!, [...source.slice(1), ...trainFlags(out), "--max_train_steps", "10000"], {
      cwd: root,
      env: { ...process.env, _: "" },
    });
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
      if (!/steps: \d+\/10000/.test(said)) return;
      child.stdout.destroy();
      child.stderr.destroy();
      child.kill("SIGHUP");
    });
    expect(await once(child, "exit")).toEqual([130, null]);
    expect(readdirSync(out).sort()).toEqual(["brimsy-state", "brimsy.safetensors"]);
  });

  test.runIf(process.platform === "linux")("trains and saves where stdout and stderr are full", async () => {
    const out = path.join(folder, "full");
    const full = openSync("/dev/full", "w");
    const stdio = ["ignore", full, full] as const;
    const flags = [...trainFlags(out), "--max_train_steps", "2"];
    const child = spawn(source[0]!, [...source.slice(1), ...flags], { cwd: root, stdio: [...stdio] });
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(readdirSync(out)).toEqual(["brimsy.safetensors"]);
  });

  test.runIf(process.platform === "linux")("says so when results that were asked for cannot be written", async () => {
    const full = openSync("/dev/full", "w");
    const child = spawn(source[0]!, [...source.slice(1), "--help"], { stdio: ["ignore", full, "pipe"] });
    const [[said], ended] = await Promise.all([once(child.stderr!, "data"), once(child, "exit")]);
    expect(ended).toEqual([1, null]);
    expect(String(said)).toMatch(/^OUTPUT_UNWRITABLE {2}Results cannot be written to stdout \(ENOSPC\)/);
  });

  test("says that nothing was saved when it is stopped before the first step", async () => {
    const out = path.join(folder, "early");
    const prompts = path.join(folder, "prompts.txt");
    writeFileSync(prompts, "a photo of brimsy --w 128 --h 128 --s 500\n");
    const sampling = ["--sample_at_first", "--sample_prompts", prompts];
    let isSent = false;
    const { code, stdout, stderr } = await run([...source, ...trainFlags(out), ...sampling], root, (said, kill) => {
      if (isSent || !said.includes("caching latents: 6/6")) return;
      isSent = true;
      kill("SIGQUIT");
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /\nStopping; press Ctrl-C again to quit at once\.\n[\s\S]*stopped before the first step: nothing was saved\./,
    );
    expect(stdout).toBe("");
    expect(readdirSync(out)).toEqual([]);
  });

  test("goes on at a hangup under nohup", async () => {
    const listening = `
      const { listenForInterrupt } = await import(${JSON.stringify(path.join(root, "src/cli/interrupt.ts"))});
      const { processTerminal } = await import(${JSON.stringify(path.join(root, "src/reporters/index.ts"))});
      const { signal } = listenForInterrupt(processTerminal(), () => "asked to end");
      process.once("SIGHUP", () => process.stderr.write("hangup"));
      signal.addEventListener("abort", () => process.exit(3));
      process.stderr.write("ready");
      setInterval(() => {}, 1000);
    `;
    const flags = ["--input-type=module", "--eval", listening];
    const env = { ...process.env, _: "/usr/bin/nohup" };
    const child = spawn(tsx[0]!, [...tsx.slice(1), ...flags], { cwd: root, env });
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
      if (said === "ready") child.kill("SIGHUP");
      if (said === "readyhangup") child.kill("SIGTERM");
    });
    expect(await once(child, "exit")).toEqual([3, null]);
    expect(said).toMatch(/^readyhangup\nasked to end/);
  });

  test.runIf(existsSync("/usr/bin/script") && process.platform === "linux")(
    "ends in order when its terminal is gone",
    async () => {
      const status = path.join(folder, "status");
      const program = path.join(folder, "outlives.mjs");
      writeFileSync(
        program,
        `const { guardOutput } = await import(${JSON.stringify(path.join(root, "src/cli/output.ts"))});
        guardOutput();
        const { isatty } = await import("node:tty");
        process.on("SIGHUP", () => {});
        setInterval(() => isatty(0) || process.exit(7), 10);
        process.stdout.write("ready");`,
      );
      const words = [...tsx, program].map((word) => `'${word}'`).join(" ");
      execFileSync("mkfifo", [status]);
      const calling = `trap "" HUP; ${words}; echo $? > '${status}'`;
      const terminal = spawn("/usr/bin/script", ["-qfc", calling, "/dev/null"], { cwd: root });
      await once(terminal.stdout, "data");
      terminal.kill("SIGKILL");
      expect(await readFile(status, "utf8")).toBe("7\n");
    },
  );

  test("leaves at once at the second", async () => {
    const endless = `
      const { listenForInterrupt } = await import(${JSON.stringify(path.join(root, "src/cli/interrupt.ts"))});
      const { processTerminal } = await import(${JSON.stringify(path.join(root, "src/reporters/index.ts"))});
      listenForInterrupt(processTerminal(), () => "once more");
      setInterval(() => process.stderr.write("."), 50);
    `;
    let presses = 0;
    const { signal } = await run([...tsx, "--input-type=module", "--eval", endless], root, (_, kill) => {
      presses++;
      kill("SIGINT");
    });
    expect(signal).toBe("SIGINT");
    // the terminal and npm both send a signal for one key press
    expect(presses).toBeGreaterThan(2);
  });
});
