import path from "node:path";
import type { ByteSource, NdArray } from "../array/index.ts";
import { requireWithin } from "../budget/index.ts";
import { type Container, containerOf, foreignKind, hintOfForeign, withOpenFile } from "../checkpoint/index.ts";
import { CoinageError } from "../errors/index.ts";
import { type Contents, contentsOfSafetensors, contentsOfTorchFile } from "./contents.ts";
import { type EmbeddingLayout, findEmbedding, type SeveralTensors } from "./layout.ts";
import { type CarrierKind, carrierOf, carrierStart, contentsOfPicture } from "./picture.ts";
import { readVectors } from "./vectors.ts";

/** An embedding file, read in full, before it is matched to a model. */
export interface EmbeddingFile {
  /** Absolute path. */
  readonly path: string;
  /** The word in other programs: the file name without its last extension. */
  readonly name: string;
  readonly container: Container | CarrierKind;
  readonly layout: EmbeddingLayout;
  /** Tables by role: `vectors`; `clip_l`, `clip_g`; the layer names of xti. Each [n, width] with the same n, in the file's dtype. */
  readonly tables: ReadonlyMap<string, NdArray>;
  /** The author's name of the word. */
  readonly token: string | undefined;
  readonly step: number | undefined;
  /** The model it was trained on, short hash and name, as the web UI writes them. */
  readonly sdCheckpoint: string | undefined;
  readonly sdCheckpointName: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

/** Reads an embedding in any program's layout, recognized by its contents.
 *  @throws all EMBEDDING codes except EMBEDDING_WIDTH and EMBEDDING_FAMILY; FILE_NOT_FOUND, FILE_UNREADABLE, SAFETENSORS_INVALID, TORCH_FILE_INVALID, PICKLE_REFUSED, PNG_INVALID */
export async function readEmbeddingFile(file: string, several: SeveralTensors = "refuse"): Promise<EmbeddingFile> {
  const opened = withOpenFile(file, (source) => {
    const container = containerOf(source);
    if (container === "safetensors") return whole(source.path, container, contentsOfSafetensors(source), several);
    if (container) return whole(source.path, container, contentsOfTorchFile(source), several);
    return unknownContainer(source);
  });
  if (!(opened instanceof Uint8Array)) return opened;
  const where = path.resolve(file);
  const contents = await contentsOfPicture(opened, where);
  return { ...whole(where, carrierOf(opened)!, contents, several), layout: "a1111-image" };
}

/** The bytes of an image. @throws the error of their reader for other files */
function unknownContainer(source: ByteSource): Uint8Array {
  if (carrierOf(source.read(0, Math.min(carrierStart, source.size)))) {
    requireWithin("embeddingPicture", source.size, { code: "EMBEDDING_UNRECOGNIZED", subject: source.path });
    return source.read(0, source.size);
  }
  const kind = foreignKind(source);
  if (kind)
    throw new CoinageError("EMBEDDING_INVALID", `${source.path} holds no embedding: it is ${kind}.`, {
      hint: hintOfForeign,
    });
  contentsOfTorchFile(source);
  throw new CoinageError("EMBEDDING_UNRECOGNIZED", `${source.path} has an unknown format.`);
}

function whole(
  where: string,
  container: Container | CarrierKind,
  contents: Contents,
  several: SeveralTensors,
): EmbeddingFile {
  const { layout, roles, token, warnings } = findEmbedding(contents, where, several);
  const tables = new Map([...roles].map(([role, tensors]) => [role, readVectors(role, tensors, where)]));
  refuseDifferentCounts(tables, where);
  const { fields, metadata } = contents;
  const step = fields.get("step");
  return {
    path: where,
    name: path.parse(where).name,
    container,
    layout,
    tables,
    token,
    step: typeof step === "number" ? step : undefined,
    sdCheckpoint: fields.get("sd_checkpoint")?.toString(),
    sdCheckpointName: fields.get("sd_checkpoint_name")?.toString(),
    metadata,
    warnings,
  };
}

function refuseDifferentCounts(tables: ReadonlyMap<string, NdArray>, where: string): void {
  const [first, ...others] = tables;
  const odd = others.find(([, { shape }]) => shape[0] !== first![1].shape[0]);
  if (odd)
    throw new CoinageError(
      "EMBEDDING_SHAPE",
      `${where}: "${first![0]}" has ${first![1].shape[0]} vectors, "${odd[0]}" has ${odd[1].shape[0]}.`,
    );
}
