import { familyNames } from "../checkpoint/index.ts";
import { plural, printable, printableLine } from "../errors/index.ts";
import type {
  ArraysInspection,
  DTypeCounts,
  EmbeddingInspection,
  Inspection,
  ModelInspection,
  PictureInspection,
  TableInspection,
  TrainingStateInspection,
  WeightsInspection,
} from "../inspect/index.ts";

/** An untrusted file may have any number of entries of any length: at most this many, and this much of each, are shown. */
const [mostEntries, mostCharacters] = [200, 2000];

/** What a file is, for people. */
export function inspectionText(inspection: Inspection): string[] {
  const { path, bytes, problems } = inspection;
  const entries = entriesOf(inspection);
  const hidden = entries.length - mostEntries;
  return [
    printableLine(`${path}: ${titleOf(inspection)}, ${sizeText(bytes)}`, mostCharacters),
    ...entries.slice(0, mostEntries),
    ...(hidden > 0 ? [entry("", `and ${hidden} more, shown by --json`)] : []),
    ...("warnings" in inspection ? inspection.warnings.map((warning) => entry("warning", warning)) : []),
    ...problems.flatMap(({ code, message, hint }) => [
      entry("problem", `${code}  ${message}`),
      ...(hint ? [entry("", hint)] : []),
    ]),
  ];
}

function titleOf(inspection: Inspection): string {
  switch (inspection.kind) {
    case "model":
      return modelTitle(inspection);
    case "embedding":
      return embeddingTitle(inspection);
    case "training-state":
      return `training state of ${inspection.program}`;
    case "weights":
    case "arrays":
      return inspection.label;
    case "picture":
      return "image";
    case "unknown":
      return "unknown kind of file";
  }
}

function embeddingTitle({ family, tables }: EmbeddingInspection): string {
  if (!family) return "embedding";
  const isHalf = family === "sdxl" && tables.length === 1;
  return `${isHalf ? "half of an " : ""}embedding for ${familyNames[family]}`;
}

function modelTitle({ family, inputs }: ModelInspection): string {
  const name = family ? familyNames[family.value] : "Stable Diffusion";
  return `${name} ${inputs === "inpainting" ? "inpainting " : ""}model`;
}

function entriesOf(inspection: Inspection): string[] {
  switch (inspection.kind) {
    case "model":
      return modelEntries(inspection);
    case "embedding":
      return embeddingEntries(inspection);
    case "training-state":
      return stateEntries(inspection);
    case "weights":
      return weightEntries(inspection);
    case "arrays":
      return arrayEntries(inspection);
    case "picture":
      return pictureEntries(inspection);
    case "unknown":
      return [];
  }
}

const componentNames = {
  textEncoder: "text encoder",
  textEncoder2: "text encoder 2",
  unet: "U-Net",
  vae: "VAE",
} as const satisfies Record<keyof ModelInspection["pieces"], string>;

function modelEntries(model: ModelInspection): string[] {
  const { layout, container, family, predictionType, pieces, missing, metadata } = model;
  const names = Object.keys(componentNames) as (keyof typeof componentNames)[];
  return [
    entry("layout", layout === "diffusers" ? "Diffusers folder" : `single file (${container})`),
    ...(family ? [entry("family", `${family.value}: ${family.reason}`)] : []),
    ...(predictionType ? [entry("predicts", `${predictionType.value}: ${predictionType.reason}`)] : []),
    ...names.flatMap((name) => {
      const component = pieces[name];
      if (!component) return [];
      const text = component.isComplete
        ? `${millions(component.parameters)} parameters, ${dtypesText(component.dtypes)}`
        : "incomplete";
      return [entry(componentNames[name], text)];
    }),
    ...missing.map((name) =>
      entry("missing", name in componentNames ? componentNames[name as keyof typeof componentNames] : name),
    ),
    ...metadataEntries(metadata),
  ];
}

function embeddingEntries(embedding: EmbeddingInspection): string[] {
  const { name, token, step, layout, container, vectors, tables, sdCheckpointName, metadata } = embedding;
  return [
    entry("word", token && token !== name ? `${name} (its author calls it ${token})` : name),
    entry(
      "vectors",
      layout === "xti" ? `${vectors} for each of ${tables.length} layers of the U-Net` : String(vectors),
    ),
    entry("layout", `${layout} (${container})`),
    ...tables.map(tableEntry),
    ...(step === undefined ? [] : [entry("trained", plural(step, "step"))]),
    ...(sdCheckpointName ? [entry("model", sdCheckpointName)] : []),
    ...metadataEntries(metadata),
  ];
}

function stateEntries({ step, steps, epochsDone, tables, files }: TrainingStateInspection): string[] {
  const progress = step === undefined ? "unknown" : `${step}${steps === undefined ? "" : ` of ${steps}`}`;
  return [
    entry("steps", progress),
    ...(epochsDone === undefined ? [] : [entry("epochs", String(epochsDone))]),
    ...tables.map(tableEntry),
    ...files.map(({ name, bytes }) => entry("file", `${name}, ${sizeText(bytes)}`)),
  ];
}

function arrayEntries({ arrays, originalSize, cropBox }: ArraysInspection): string[] {
  return [
    ...(originalSize ? [entry("image", originalSize.join(" x "))] : []),
    ...(cropBox ? [entry("crop", cropBox.join(", "))] : []),
    ...arrays.map(({ name, dtype, shape }) => entry(name, `[${shape.join(", ")}] ${dtype}`)),
  ];
}

function tableEntry({ role, dtype, width, norms }: TableInspection): string {
  return entry(role, `dimension ${width}, ${dtype}, norms ${normsText(norms)}`);
}

function weightEntries({ container, tensors, dtypes, firstNames, metadata }: WeightsInspection): string[] {
  return [
    entry("layout", container),
    entry("tensors", `${tensors}: ${dtypesText(dtypes)}`),
    entry("such as", firstNames.slice(0, 3).join(", ")),
    ...metadataEntries(metadata),
  ];
}

function pictureEntries({ texts }: PictureInspection): string[] {
  return texts.map(({ keyword, text }) => entry(keyword, text));
}

function metadataEntries(metadata: Readonly<Record<string, string>>): string[] {
  return Object.entries(metadata).map(([key, value]) => `    ${printableLine(key)}: ${printableLine(value, 200)}`);
}

/** Further lines of a text are indented, so that none looks like an entry. */
function entry(label: string, text: string): string {
  const shown = text.length > mostCharacters ? `${text.slice(0, mostCharacters)}... (${text.length} characters)` : text;
  return `  ${printableLine(label).padEnd(14)} ${printable(shown).replaceAll("\n", `\n${" ".repeat(17)}`)}`;
}

function dtypesText(dtypes: DTypeCounts): string {
  return Object.entries(dtypes)
    .map(([dtype, { tensors }]) => `${plural(tensors, "tensor")} of ${dtype}`)
    .join(", ");
}

function normsText(norms: readonly number[]): string {
  const shown = norms.slice(0, 8).map((norm) => norm.toPrecision(3));
  return norms.length > shown.length ? `${shown.join(" ")} ...` : shown.join(" ");
}

function millions(count: number): string {
  return count < 1e6 ? String(count) : `${(count / 1e6).toPrecision(3)} million`;
}

function sizeText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1024 ** power).toPrecision(3)} ${units[power]}`;
}
