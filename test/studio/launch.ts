import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** A studio as a process. */
export interface OpenStudio {
  readonly home: string;
  /** "http://127.0.0.1:34567/" */
  readonly address: string;
  /** The address with the key. */
  readonly entrance: string;
  readonly pid: number;
  /** Ends it as Ctrl-C does, or kills it. */
  close(signal?: "SIGINT" | "SIGKILL"): Promise<void>;
}

export interface Launch {
  /** An existing home restarts its studio. */
  readonly home: string;
  /** 0: any free port. */
  readonly port?: number;
  readonly words?: readonly string[];
}

/** Starts the command line from its source, as a process that ends with this one. */
export function spawnCoinage(words: readonly string[], home: string): ChildProcessWithoutNullStreams {
  return spawn(
    process.execPath,
    ["--import", "tsx", "--import", "./test/studio/leash.ts", "src/cli/main.ts", ...words],
    {
      cwd: repository,
      env: { ...process.env, COINAGE_HOME: home, HOME: home, USERPROFILE: home },
      stdio: "pipe",
    },
  );
}

/** Starts `coinage studio` from its source. `home` is also the user's home, where programs are searched. */
export async function launchStudio({ home, port = 0, words = [] }: Launch): Promise<OpenStudio> {
  const child = spawnCoinage(["studio", "--no_open", "--port", String(port), ...words], home);
  let [said, isClosed] = ["", false];
  child.stderr.on("data", (text) => {
    said += text;
  });
  const gone = new Promise<void>((resolve) =>
    child.once("exit", (code, signal) => {
      // later tests would only report that nobody answers
      if (!isClosed) process.stderr.write(`the studio has ended by itself (${signal ?? code}): ${said}\n`);
      resolve();
    }),
  );
  const entrance = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (text) => {
      const [address] = /http:\S+/.exec(String(text)) ?? [];
      if (address) resolve(address);
    });
    child.once("exit", () => reject(new Error(`the studio has ended: ${said}`)));
  });
  const close = async (signal: NodeJS.Signals = "SIGINT"): Promise<void> => {
    isClosed = true;
    child.kill(signal);
    await gone;
  };
  return { home, address: new URL("/", entrance).href, entrance, pid: child.pid!, close };
}

/** Starts the browser: Debian's chromium, or the program that COINAGE_CHROMIUM names. @throws CHROMIUM_MISSING */
export async function launchBrowser(): Promise<Browser> {
  const program = process.env.COINAGE_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(program))
    throw new Error(
      `CHROMIUM_MISSING  The studio's page needs a browser to be tested: ${program} is not there. Install the package "chromium" (Debian: apt-get install chromium), or name the program in COINAGE_CHROMIUM.`,
    );
  // root cannot use the browser's sandbox
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: program, args });
}
