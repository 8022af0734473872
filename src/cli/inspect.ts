import { CoinageError, formatError } from "../errors/index.ts";
import { inspect } from "../index.ts";
import { inspectionText, type Terminal } from "../reporters/index.ts";
import { commands } from "./commands.ts";
import { readFlags } from "./flags.ts";
import { type ExitCode, exitCodes } from "./output.ts";
import { asCalled } from "./program.ts";

const help = `Usage: coinage ${commands.inspect.usage}
Says what each file or folder is: a Stable Diffusion model, an embedding of any program, a LoRA, a training state, a latent cache,
an image with text in its metadata.

  coinage inspect model.safetensors
  coinage inspect embeddings/*.pt
  coinage inspect out/mycat.safetensors --json

  --json   one line of JSON per file
`;

/** `coinage inspect FILE... [--json]` */
export async function inspectCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = readFlags(commands.inspect.usage, words, {
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  if (positionals.length === 0)
    throw new CoinageError("USAGE", "inspect needs at least one file.", {
      hint: `Usage: coinage ${commands.inspect.usage}`,
    });
  let code: ExitCode = exitCodes.done;
  for (const file of positionals) {
    try {
      const inspection = await inspect(file);
      const lines = values.json ? [JSON.stringify(inspection)] : inspectionText(inspection);
      terminal.result(`${lines.join("\n")}\n`);
    } catch (error) {
      if (!(error instanceof CoinageError)) throw error;
      terminal.talk(asCalled(`${formatError(error)}\n`));
      code = exitCodes.error;
    }
  }
  return code;
}
