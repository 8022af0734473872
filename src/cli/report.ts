import { CoinageError, nearestName } from "../errors/index.ts";
import { reportOnFile } from "../report/index.ts";
import { pageReport, reportAll, type Terminal } from "../reporters/index.ts";
import { type DeviceName, deviceNames } from "../runtime/index.ts";
import { commands } from "./commands.ts";
import { readFlags } from "./flags.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { type ExitCode, exitCodes } from "./output.ts";
import { asCalled } from "./program.ts";

const help = `Usage: coinage ${commands.report.usage}
Writes NAME.report.html and NAME.report.json beside an embedding file: what its word looks like, how it was learned, how to use it.
After training with --report, --recipe or --eval_every_n_steps it draws the images that the run had no time for.
Of any other embedding file it shows what the file and its model tell.

  coinage report out/mycat.safetensors
  coinage report out/mycat.safetensors --prompt "a photo of mycat in the snow"
  coinage report mycat.pt --ckpt model.safetensors --init_word cat --events run.jsonl

  --ckpt MODEL           the model it was trained on, unless the report knows it: a file, a Diffusers folder, a name on the Hugging Face hub
  --vae VAE              another VAE than the model's
  --v_parameterization   the model predicts velocity
  --prompt PROMPT        prompt with the word, in place of the usual two; may be given several times
  --init_word WORD       the word that training started from
  --events FILE          the events that train has written with --events, for the curves
  --style                the word stands for a style
  --resolution W,H       size of the images
  --clip_skip N          layer of the text encoder, counted from the end
  --no_images            draw nothing
  --device DEVICE        auto, ${deviceNames.join(", ")}
  --threads N            threads on the processor
  --overwrite            replace a report of something else
`;

/** `coinage report FILE [FLAGS]` */
export async function reportCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = readFlags(commands.report.usage, words, {
    ...{ ckpt: { type: "string" }, vae: { type: "string" }, v_parameterization: { type: "boolean" } },
    ...{ prompt: { type: "string", multiple: true }, init_word: { type: "string" }, events: { type: "string" } },
    ...{ style: { type: "boolean" }, resolution: { type: "string" }, clip_skip: { type: "string" } },
    ...{ no_images: { type: "boolean" }, device: { type: "string" }, threads: { type: "string" } },
    ...{ overwrite: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  const [file] = positionals;
  if (file === undefined || positionals.length > 1)
    throw new CoinageError("USAGE", "report needs one file.", { hint: `Usage: coinage ${commands.report.usage}` });
  const interrupt = listenForInterrupt(terminal, () => "Stopping; press Ctrl-C again to quit at once.");
  try {
    const events = reportOnFile(file, {
      model: values.ckpt,
      vae: values.vae,
      predictsVelocity: values.v_parameterization ?? false,
      prompts: values.prompt ?? [],
      initWord: values.init_word,
      events: values.events,
      isStyle: values.style ?? false,
      resolution: resolutionOf(values.resolution),
      clipSkip: countOf("clip_skip", values.clip_skip),
      draws: !values.no_images,
      device: deviceOf(values.device),
      threads: countOf("threads", values.threads),
      overwrite: values.overwrite ?? false,
      signal: interrupt.signal,
    });
    await reportAll(events, [pageReport(terminal)], terminal);
    return interrupt.signal.aborted ? exitCodes.interrupted : exitCodes.done;
  } finally {
    interrupt.release();
  }
}

function countOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new CoinageError("USAGE", `--${flag} takes a whole number from 1 on, not "${text}".`);
}

function resolutionOf(text: string | undefined): readonly [number, number] | undefined {
  if (text === undefined) return undefined;
  const [, width, height = width] = /^(\d{2,4})(?:[,x](\d{2,4}))?$/.exec(text) ?? [];
  if (width !== undefined) return [Number(width), Number(height)];
  throw new CoinageError("USAGE", `--resolution takes a size like 512 or 512,768, not "${text}".`);
}

function deviceOf(name: string | undefined): DeviceName | "auto" {
  const known = ["auto", ...deviceNames] as const;
  const device = name === undefined ? "auto" : known.find((one) => one === name);
  if (device) return device;
  const near = nearestName(name ?? "", known);
  throw new CoinageError("USAGE", `Unknown device "${name}".`, {
    where: `--device ${name}`,
    hint: near ? `Did you mean ${near}?` : `Devices: ${known.join(", ")}`,
  });
}
