import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Apart {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs a script of this folder in another process, with its options as JSON, so that peak memory, or a crash, is its own.
 *  Returns the line of JSON that it prints. @throws Error with the last line of the error output */
export async function runApart<Result>(
  script: string,
  options: object,
  { env, timeoutMs }: Apart = {},
): Promise<Result> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const words = ["--import", import.meta.resolve("tsx"), file, JSON.stringify(options)];
  try {
    const { stdout } = await run(process.execPath, words, {
      env: { ...process.env, ...env },
      maxBuffer: 1 << 28,
      ...(timeoutMs && { timeout: timeoutMs }),
    });
    return JSON.parse(stdout) as Result;
  } catch (error) {
    throw new Error(failureText(error as Partial<Failure>, timeoutMs), { cause: error });
  }
}

interface Failure {
  readonly killed: boolean;
  readonly signal: string | null;
  readonly stderr: string;
}

function failureText({ killed, signal, stderr = "" }: Partial<Failure>, timeoutMs = 0): string {
  if (killed) return `took more than ${timeoutMs / 1000} s`;
  if (signal) return `was killed by ${signal}, possibly for lack of memory`;
  const named = /^\w*Error: (.*)/m.exec(stderr)?.[1];
  return (named ?? stderr.trim().split("\n").at(-1) ?? "").slice(0, 300) || "exited without a message";
}

/** The options that runApart passed to a script. */
export function givenOptions<Options>(): Options {
  return JSON.parse(process.argv[2] ?? "{}") as Options;
}
