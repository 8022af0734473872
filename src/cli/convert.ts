import { CoinageError, nearestName } from "../errors/index.ts";
import { hintOfMissing, kindOfPath, readRegularFile } from "../files/index.ts";
import { convert, type WrittenLayout, writtenLayouts } from "../index.ts";
import type { Terminal } from "../reporters/index.ts";
import { commands } from "./commands.ts";
import { readFlags } from "./flags.ts";
import { type ExitCode, exitCodes, outliveOutput } from "./output.ts";
import { asCalled } from "./program.ts";

const help = `Usage: coinage ${commands.convert.usage}
Converts an embedding from any program's layout to another.

  coinage convert out/mycat.pt mycat.safetensors
  coinage convert mycat.safetensors mycat.bin --to diffusers
  coinage convert mycat.safetensors mycat.png --picture preview.png

  --to LAYOUT      ${writtenLayouts.join(", ")}; by default the usual one for OUT's extension
  --overwrite      replace OUT if it exists and has other contents
  --picture FILE   PNG image to embed it in, for --to png
`;

/** `coinage convert IN OUT [--to LAYOUT]` */
export async function convertCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = readFlags(commands.convert.usage, words, {
    to: { type: "string" },
    overwrite: { type: "boolean" },
    picture: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  const [from, to] = positionals;
  if (!from || !to || positionals.length > 2)
    throw new CoinageError("USAGE", "convert needs two files.", { hint: `Usage: coinage ${commands.convert.usage}` });
  const { vectors, layout, warnings, diffusersLines } = await convert(from, to, {
    overwrite: values.overwrite ?? false,
    ...(values.to !== undefined && { layout: layoutOf(values.to) }),
    ...(values.picture !== undefined && { picture: await readPicture(values.picture) }),
  });
  outliveOutput();
  for (const warning of warnings) terminal.talk(`warning: ${warning}\n`);
  terminal.talk(`${vectors} ${vectors === 1 ? "vector" : "vectors"} in ${layout} layout\n`);
  if (diffusersLines.length > 0)
    terminal.talk(
      `diffusers loads the two tables one by one:\n${diffusersLines.map((line) => `  ${line}\n`).join("")}`,
    );
  terminal.result(`${to}\n`);
  return exitCodes.done;
}

function layoutOf(name: string): WrittenLayout {
  const layout = writtenLayouts.find((known) => known === name);
  if (layout) return layout;
  const near = nearestName(name, writtenLayouts);
  throw new CoinageError("USAGE", `Unknown layout "${name}".`, {
    where: `--to ${name}`,
    hint: near ? `Did you mean ${near}?` : `Layouts: ${writtenLayouts.join(", ")}`,
  });
}

async function readPicture(file: string): Promise<Uint8Array> {
  const where = `--picture ${file}`;
  if ((await kindOfPath(file)) === "nothing")
    throw new CoinageError("FILE_NOT_FOUND", `The image ${file} does not exist.`, { where, ...hintOfMissing(file) });
  return readRegularFile(file, "pictureFile", { code: "FILE_UNREADABLE", subject: `The image ${file}`, where });
}
