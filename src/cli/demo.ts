import path from "node:path";
import { tinySdFolder } from "../assets/index.ts";
import { prepareOutputFolder, writeFileAtomically } from "../files/index.ts";
import { generate } from "../index.ts";
import { readTrainRecord } from "../options/index.ts";
import { decodePicture, encodePng, type Picture } from "../pictures/index.ts";
import { commandLine, generationReport, reportAll, type Terminal, trainingReport } from "../reporters/index.ts";
import { train } from "../training/index.ts";
import { commands } from "./commands.ts";
import { concept, demoSettings, moments } from "./demo/concept.ts";
import { pictureGrid, stripColumns, stripSettings } from "./demo/strip.ts";
import { readFlags } from "./flags.ts";
import { listenForInterrupt, nothingSaved } from "./interrupt.ts";
import { type ExitCode, exitCodes } from "./output.ts";
import { asCalled, program } from "./program.ts";

const help = `Usage: coinage ${commands.demo.usage}
Teaches the bundled small model a word for something it has never seen, in about a minute, and generates images with it.
Everything is written to coinage-demo/ in the current folder.
`;

const folder = "coinage-demo";
const reportFile = path.join(folder, `${concept.word}.report.html`);

/** `coinage demo` */
export async function demoCommand(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values } = readFlags(commands.demo.usage, words, { help: { type: "boolean", short: "h" } });
  if (values.help) {
    terminal.result(asCalled(help));
    return exitCodes.done;
  }
  terminal.talk(
    `The bundled small model has never seen a ${concept.name.replaceAll("-", " ")}.\n` +
      `It learns the word "${concept.word}" for it from six images, starting from "${concept.initWord}".\n` +
      `How well it learns will stand in ${reportFile}.\n\n`,
  );
  if (!(await trainWord(terminal))) return exitCodes.interrupted;
  terminal.talk(`\ngenerating with "${concept.initWord}" and with the word after ${moments.join(", ")} steps\n`);
  const strip = path.join(folder, "strip.png");
  await writeFileAtomically(strip, await encodePng(pictureGrid(await drawRows(terminal))));
  terminal.result(`${strip}\n`);
  terminal.talk(`${closing()}\n`);
  return exitCodes.done;
}

/** Trains with the output of `coinage train`. Returns whether the run was completed. */
async function trainWord(terminal: Terminal): Promise<boolean> {
  const anywhere = commandLine({ program: program(path.parse(process.cwd()).root) }, ["demo"]);
  await prepareOutputFolder(folder, "demo writes to", `Change to a folder of your own (cd) and run: ${anywhere}`);
  const checked = await readTrainRecord(demoSettings(folder));
  const interrupt = listenForInterrupt(terminal, () => "Finishing the step; press Ctrl-C again to quit at once.");
  try {
    const events = train(checked, { signal: interrupt.signal });
    const last = await reportAll(events, [trainingReport(terminal, checked)], terminal);
    if (last?.kind !== "done") terminal.talk(`${nothingSaved}\n`);
    return last?.kind === "done" && !last.isInterrupted;
  } finally {
    interrupt.release();
  }
}

async function drawRows(terminal: Terminal): Promise<Picture[][]> {
  const last = await reportAll(
    generate(await stripSettings(folder)),
    [generationReport(terminal, { isBrief: true })],
    terminal,
  );
  const files = last?.kind === "done" ? last.files : [];
  const pictures = await Promise.all(files.map((file) => decodePicture(file)));
  const rows = Array.from({ length: pictures.length / stripColumns }, (_, row) => row * stripColumns);
  return rows.map((first) => pictures.slice(first, first + stripColumns));
}

function closing(): string {
  const embedding = path.join(folder, `${concept.word}.safetensors`);
  const draw = commandLine({ program: program() }, [
    ...["generate", "--ckpt", shortPath(tinySdFolder), "--textual_inversion_embeddings", embedding],
    ...["--prompt", `a photo of a ${concept.word} on a black background`, "--W", "128", "--H", "128", "--scale", "5"],
  ]);
  return [
    `Open ${reportFile} in a browser to see how well it learned.`,
    `In ${path.join(folder, "strip.png")} each row has one seed; left to right: "${concept.initWord}", then the word after ${moments.join(", ")} steps.`,
    "",
    "Generate more with it:",
    `  ${draw}`,
    "Inspect what was learned:",
    `  ${commandLine({ program: program() }, ["inspect", embedding])}`,
    "Teach a word of your own to a model of your own:",
    `  ${commandLine({ program: program() }, ["train", "--recipe", "auto", "--pretrained_model_name_or_path", "MODEL", "--train_data_dir", "IMAGES", "--token_string", "mycat", "--init_word", "cat"])}`,
  ].join("\n");
}

/** The shorter of a path and its relative form. */
function shortPath(target: string): string {
  const relative = path.relative("", target);
  return relative.length < target.length ? relative : target;
}
