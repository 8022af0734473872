import { spawn } from "node:child_process";

/** A program that keeps the machine awake while it runs. It echoes a line of its input once it does, and ends when its input ends. */
interface Helper {
  readonly command: string;
  readonly words: readonly string[];
}

const windowsScript = [
  `$power = Add-Type -PassThru -Name Power -Namespace Coinage -MemberDefinition '[DllImport("kernel32.dll")] public static extern uint SetThreadExecutionState(uint flags);'`,
  // ES_CONTINUOUS | ES_SYSTEM_REQUIRED: until this thread ends
  "if ($power::SetThreadExecutionState([uint32]'0x80000001') -eq 0) { exit 1 }",
  "[Console]::Out.WriteLine([Console]::In.ReadLine())",
  "[Console]::In.ReadToEnd()",
].join("; ");

const helpers: Readonly<Partial<Record<NodeJS.Platform, Helper>>> = {
  linux: {
    command: "systemd-inhibit",
    words: ["--what=sleep:idle", "--mode=block", "--who=coinage", "--why=A word is being taught", "cat"],
  },
  darwin: { command: "caffeinate", words: ["-i", "cat"] },
  win32: { command: "powershell.exe", words: ["-NoProfile", "-NonInteractive", "-Command", windowsScript] },
};

/** How long a helper may take to answer, in milliseconds. */
const patienceMs = 10_000;

/** Whether the machine is kept awake. */
interface Awake {
  /** Why the machine is not kept awake. */
  readonly problem: string | undefined;
  /** Lets it sleep again. */
  readonly release: () => void;
}

/** Keeps this machine from sleeping when idle, until it is released or this process ends, even by a crash. A closed lid or an empty battery still puts it to sleep. */
export async function keepAwake(helper: Helper | undefined = helpers[process.platform]): Promise<Awake> {
  if (!helper) return { problem: `it is not known how on ${process.platform}`, release: () => {} };
  const { command, words } = helper;
  // in a process group of its own, so that Ctrl-C does not end it before the last step is finished
  const child = spawn(command, words, { detached: process.platform !== "win32", windowsHide: true });
  child.stdin.on("error", () => {});
  const release = (): void => void child.stdin.end();
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  return new Promise((resolve) => {
    const settle = (problem?: string): void => {
      clearTimeout(late);
      resolve({ problem, release });
    };
    const late = setTimeout(() => {
      child.kill();
      settle(`${command} does not answer`);
    }, patienceMs);
    child.once("error", ({ message }) => settle(message));
    child.once("close", () => settle(said.trim() || `${command} has ended`));
    child.stdout.once("data", () => settle());
    child.stdin.write("awake\n");
  });
}
