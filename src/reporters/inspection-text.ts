import { familyNames } from "../checkpoint/index.ts";
import type {
  DTypeCounts,
  EmbeddingInspection,
  Inspection,
  ModelInspection,
  PictureInspection,
  WeightsInspection,
} from "../inspect/index.ts";
import { plural } from "./numbers.ts";

/** What a file is, for people. */
export function inspectionText(inspection: Inspection): string[] {
  const { path, bytes, problems } = inspection;
  return [
    `${path}: ${titleOf(inspection)}, ${sizeText(bytes)}`,
    ...entriesOf(inspection),
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
      return `${inspection.family ? familyNames[inspection.family.value] : "Stable Diffusion"} model`;
    case "embedding":
      return inspection.family ? `embedding for ${familyNames[inspection.family]}` : "embedding";
    case "weights":
      return inspection.label;
    case "picture":
      return "picture";
    case "unknown":
      return "nothing known here";
  }
}

function entriesOf(inspection: Inspection): string[] {
  switch (inspection.kind) {
    case "model":
      return modelEntries(inspection);
    case "embedding":
      return embeddingEntries(inspection);
    case "weights":
      return weightEntries(inspection);
    case "picture":
      return pictureEntries(inspection);
    case "unknown":
      return [];
  }
}

const pieceNames = {
  textEncoder: "text encoder",
  textEncoder2: "text encoder 2",
  unet: "U-Net",
  vae: "VAE",
} as const satisfies Record<keyof ModelInspection["pieces"], string>;

function modelEntries({ layout, container, family, predictionType, pieces, metadata }: ModelInspection): string[] {
  const names = Object.keys(pieceNames) as (keyof typeof pieceNames)[];
  return [
    entry("layout", layout === "diffusers" ? "Diffusers folder" : `single file (${container})`),
    ...(family ? [entry("family", `${family.value}: ${family.reason}`)] : []),
    ...(predictionType ? [entry("predicts", `${predictionType.value}: ${predictionType.reason}`)] : []),
    ...names.flatMap((name) => {
      const piece = pieces[name];
      if (!piece) return [];
      const text = piece.isComplete
        ? `${millions(piece.parameters)} numbers, ${dtypesText(piece.dtypes)}`
        : "incomplete";
      return [entry(pieceNames[name], text)];
    }),
    ...metadataEntries(metadata),
  ];
}

function embeddingEntries(embedding: EmbeddingInspection): string[] {
  const { name, token, step, layout, container, vectors, tables, sdCheckpointName, metadata } = embedding;
  return [
    entry("word", token && token !== name ? `${name} (its author calls it ${token})` : name),
    entry("vectors", String(vectors)),
    entry("layout", `${layout} (${container})`),
    ...tables.map(({ role, dtype, width, norms }) =>
      entry(role, `${width} wide, ${dtype}, lengths ${normsText(norms)}`),
    ),
    ...(step === undefined ? [] : [entry("trained", plural(step, "step"))]),
    ...(sdCheckpointName ? [entry("model", sdCheckpointName)] : []),
    ...metadataEntries(metadata),
  ];
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
  return Object.entries(metadata).map(
    ([key, value]) =>
      `    ${key}: ${value.length > 200 ? `${value.slice(0, 200)}... (${value.length} characters)` : value}`,
  );
}

function entry(label: string, text: string): string {
  return `  ${label.padEnd(14)} ${text}`;
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
