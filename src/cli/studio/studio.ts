import { spawn } from "node:child_process";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import type { Terminal } from "../../reporters/index.ts";
import { openStudio, type Studio, studioHome } from "../../studio/index.ts";
import { commands } from "../commands.ts";
import { readFlags } from "../flags.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { type ExitCode, exitCodes } from "../output.ts";
import { asCalled } from "../program.ts";

const usualPort = 7788;

const help = `Usage: coinage ${commands.studio.usage}
Opens the studio in the browser: teach a word, watch it being learned, take it to other programs. Ctrl-C ends the
studio; runs go on without it. If it runs already, its address is printed.

  --port N          the first port to try (default: ${usualPort}); where it is taken, the next free one is used
  --root FOLDER     a folder whose folders and models may be listed, besides your home; may be repeated
  --no_open         do not open the browser
  --host ADDRESS    listen on an address that other machines can reach; needs --allow_host
  --allow_host NAME:PORT   answer to this name, too; may be repeated

  COINAGE_HOME      in the environment: the folder of drafts, runs and the key, instead of coinage in your home
`;

/** `coinage studio` */
export async function studioCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = readFlags(commands.studio.usage, words, {
    port: { type: "string", default: String(usualPort) },
    root: { type: "string", multiple: true, default: [] },
    no_open: { type: "boolean" },
    host: { type: "string" },
    allow_host: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  if (positionals.length > 0)
    throw usage(`studio takes no "${positionals[0]}".`, `Usage: coinage ${commands.studio.usage}`);
  const { host, allow_host: allowedHosts } = values;
  if (host !== undefined && allowedHosts.length === 0)
    throw usage(
      "--host needs --allow_host: the studio answers only to names that it knows.",
      "Give the name that other machines use: --allow_host workstation.local:7788",
    );
  const studio = await openStudio({
    home: studioHome(),
    roots: values.root,
    port: portOf(values.port),
    host,
    allowedHosts,
    caller: { command: process.execPath, words: [...process.execArgv, process.argv[1]!] },
    report: (error) => terminal.talk(`${error instanceof Error ? error.stack : String(error)}\n`, "warning"),
  });
  await present(studio, terminal, { isOpened: !values.no_open && terminal.isInteractive });
  if (!studio.isNew) return exitCodes.done;
  if (host !== undefined)
    terminal.talk(
      `warning: every machine that reaches ${host} can ask the studio. What they lack is the key, and it goes over the network as plain text: use it only in a network that you trust, or behind a proxy with TLS.\n`,
      "warning",
    );
  const wanted = portOf(values.port);
  if (wanted !== 0 && studio.port !== wanted)
    terminal.talk(`Port ${wanted} is taken, so it is ${studio.port}; bookmarks of ${wanted} lead elsewhere.\n`);
  terminal.talk("Ctrl-C ends the studio; runs go on without it.\n");
  const { signal, release } = listenForInterrupt(terminal, () => "The studio ends.");
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await studio.close();
  release();
  return exitCodes.done;
}

/** Prints the studio's address, and opens it if there is a screen. The browser gets a ticket, because other users may see a program's arguments. */
async function present(
  studio: Studio,
  terminal: Terminal,
  { isOpened }: { readonly isOpened: boolean },
): Promise<void> {
  const { isNew, address, key } = studio;
  terminal.talk(isNew ? "The studio is at\n" : "The studio runs already, at\n");
  terminal.result(`${address}?k=${key}\n`);
  if (isOpened) openBrowser(`${address}?k=${await studio.ticket()}`);
}

/** Opens the user's browser, if there is one. */
function openBrowser(address: string): void {
  const [command, ...words] =
    process.platform === "darwin"
      ? ["open", address]
      : process.platform === "win32"
        ? [path.join(process.env.SystemRoot ?? "C:\\Windows", "explorer.exe"), address]
        : ["xdg-open", address];
  spawn(command!, words, { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw usage(`--port expects a number up to 65535, not "${text}".`, `Usage: coinage ${commands.studio.usage}`);
}

function usage(message: string, hint: string): CoinageError {
  return new CoinageError("USAGE", message, { hint });
}
