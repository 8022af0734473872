import { pastedProgram } from "../../../src/cli/invocation.ts";
import { checkConfig } from "../../../src/dataset/config/check.ts";
import { readConfigDocument } from "../../../src/dataset/config/config.ts";
import { readMetadata } from "../../../src/dataset/images/metadata.ts";
import { parseModelId } from "../../../src/hub/model-id.ts";
import { parseGenerateArguments, parseSettingsFile, parseTrainArguments } from "../../../src/options/index.ts";
import { parsePythonArguments } from "../../../src/options/python-literal.ts";
import { decodeReport, encodeReport } from "../../../src/report/data.ts";
import { readEvents } from "../../../src/report/file/events.ts";
import { renderReport } from "../../../src/report/page/page.ts";
import { rateTextSchedule } from "../../../src/training/lr-schedules/create.ts";
import { reportData } from "../../../test/report-data.ts";
import { mutateText } from "../mutate.ts";
import { filesEnding, texts } from "../seeds.ts";
import { mutateJsonFile } from "../structure.ts";
import { ofFile, reader, slow, type Target, textOf } from "./target.ts";

const tomlWords = [
  ..."[a] [[datasets]] [ ] = { } . __proto__. constructor 1979-05-27T07:32:00Z inf nan 0x true #".split(" "),
  '"',
  '"""',
  "\n",
  "a.b.c=1\n",
];
const argumentWords = [
  ..."-- - = --resolution --output_name 512 512,768 1e5 inf --optimizer_args betas=0.9,0.99 ( [ , ' \" \\ ^ `".split(
    " ",
  ),
  "a b",
  "\0",
  "\n",
];

/** Words of a command line, one per line. */
const words = (input: Uint8Array) => textOf(input).split("\n");

/** Readers of settings, dataset configs, metadata, reports and command lines. */
export const settingsTargets: readonly Target[] = [
  reader(
    "settings-file",
    ".settings.toml",
    () => [...filesEnding(".toml"), ...texts('output_name = "x"\nresolution = "512,512"\nmax_train_steps = 10\n')],
    mutateText(tomlWords),
    (input) => parseSettingsFile(textOf(input), "settings.toml"),
  ),
  reader(
    "dataset-toml",
    ".dataset.toml",
    () => filesEnding(".toml"),
    mutateText(tomlWords),
    ofFile("dataset.toml", async (file) => checkConfig(await readConfigDocument(file), false)),
    slow,
  ),
  reader(
    "dataset-json",
    ".dataset.json",
    () => [
      ...filesEnding("config.json", "ds-json-bigint.json"),
      ...texts('{"general":{"resolution":512},"datasets":[{"subsets":[{"image_dir":"a","num_repeats":2}]}]}'),
    ],
    mutateJsonFile,
    ofFile("dataset.json", async (file) => checkConfig(await readConfigDocument(file), false)),
    slow,
  ),
  reader(
    "metadata",
    ".meta.json",
    () => texts('{"a.png":{"caption":"a","tags":"b, c","train_resolution":[64,64],"image_size":[1,2]}}'),
    mutateJsonFile,
    ofFile("meta.json", readMetadata),
    slow,
  ),
  reader(
    "report",
    ".report.json",
    () => texts(encodeReport(reportData())),
    mutateJsonFile,
    (input) => renderReport(decodeReport(textOf(input), "mycat.report.json")),
  ),
  reader(
    "events",
    ".events.jsonl",
    () =>
      texts('{"kind":"start","run":{"device":"cpu","steps":2}}\n{"kind":"step","step":1,"loss":0.1,"rowNorms":[1]}\n'),
    mutateJsonFile,
    ofFile("events.jsonl", readEvents),
    slow,
  ),
  reader(
    "metadata-lines",
    ".meta.jsonl",
    () => texts('{"image_path":"a.png","caption":"a"}\n{"image_path":"b.png","tags":"c"}'),
    mutateText(['{"image_path":"', '"}', "\n", ",", '"caption":', "null"]),
    ofFile("meta.jsonl", readMetadata),
    slow,
  ),
  reader(
    "python-literals",
    ".txt",
    () => texts("betas=0.9,0.99\nweight_decay=(0.1,)\nname='x'", "a=[1,[2,(3,)]]\nb=None"),
    mutateText(argumentWords),
    (input) => parsePythonArguments(words(input)),
  ),
  reader(
    "rate-list",
    ".txt",
    () => texts("0.05:10, 0.02:20, 0.005"),
    mutateText([":", ",", " ", "1e5", "-"]),
    (input) => rateTextSchedule(textOf(input))(3),
  ),
  reader(
    "train-arguments",
    ".args.txt",
    () => texts("--output_name\nx\n--resolution\n512,512\n--optimizer_args\nbetas=0.9,0.99\n--network_args"),
    mutateText(argumentWords),
    (input) => parseTrainArguments(words(input)),
  ),
  reader(
    "generate-arguments",
    ".args.txt",
    () => texts("--prompt\na cat\n--W\n512\n--scale\n7.5"),
    mutateText(argumentWords),
    (input) => parseGenerateArguments(words(input)),
  ),
  reader(
    "pasted-command",
    ".args.txt",
    () =>
      texts(
        "accelerate\nlaunch\n--num_cpu_threads_per_process\n1\ntrain_textual_inversion.py\n--output_name\nx",
        "C:\\venv\\Scripts\\python.exe\n./gen_img.py\n^\n--W",
      ),
    mutateText(argumentWords),
    (input) => pastedProgram(words(input)),
  ),
  reader(
    "model-id",
    ".txt",
    () => texts("owner/name@main", "https://huggingface.co/a/b/resolve/main/c.safetensors"),
    mutateText(["/", "@", "..", "%20", "%2e", "https://", "refs/pr/1"]),
    (input) => parseModelId(textOf(input)),
  ),
];
