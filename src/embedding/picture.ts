import { requireShallow } from "../budget/index.ts";
import { CoinageError } from "../errors/index.ts";
import { isPng, readPngTexts } from "../formats/png-text/index.ts";
import { decodePicture, type Picture } from "../pictures/index.ts";
import { type Contents, contentsOfJson } from "./contents.ts";
import { jsonInPixels } from "./picture-pixels.ts";

/** The keyword under which the web UI puts an embedding into a picture. */
export const embeddingKeyword = "sd-ti-embedding";

/** Kinds of pictures in which the web UI looks for an embedding. */
export type CarrierKind = "png" | "webp" | "avif";

/** How many bytes at the start of a file tell its kind. */
export const carrierStart = 12;

/** The kind of picture that a file may carry an embedding as, by its first bytes. */
export function carrierOf(start: Uint8Array): CarrierKind | undefined {
  if (isPng(start)) return "png";
  const text = String.fromCharCode(...start.subarray(0, carrierStart));
  if (/^RIFF[\s\S]{4}WEBP$/.test(text)) return "webp";
  return /^[\s\S]{4}ftypavif$/.test(text) ? "avif" : undefined;
}

/** The embedding a picture carries: in a text chunk, which only PNG has, else in its pixels. Source: checkpoints.md section 8.2.
 *  @throws PNG_INVALID, EMBEDDING_INVALID, EMBEDDING_UNRECOGNIZED when it carries none */
export async function contentsOfPicture(picture: Uint8Array, where: string): Promise<Contents> {
  const texts = isPng(picture) ? readPngTexts(picture) : [];
  const chunk = texts.find(({ keyword }) => keyword === embeddingKeyword);
  const json = chunk ? decodeBase64(chunk.text, where) : jsonInPixels(await decode(picture, where), where);
  if (json === undefined)
    throw new CoinageError("EMBEDDING_UNRECOGNIZED", `${where} is a picture without an embedding.`, {
      hint: "Saving or sending a picture again strips what it carries. Get the file as the web UI wrote it.",
    });
  return contentsOfJson(parse(json, where));
}

function decode(picture: Uint8Array, where: string): Promise<Picture> {
  return decodePicture(picture).catch((cause: unknown) => {
    throw cause instanceof CoinageError ? invalid(where, "its pixels cannot be read", cause) : cause;
  });
}

function decodeBase64(text: string, where: string): string {
  const digits = text.replace(/\s/g, "");
  // Two plain searches: one pattern for the whole would try the end again at each blank.
  const isBase64 = !/[^A-Za-z0-9+/=]/.test(digits) && !/=[^=]|===/.test(digits);
  if (!isBase64) throw invalid(where, "its embedding is not base64");
  return Buffer.from(digits, "base64").toString("utf8");
}

function parse(json: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw invalid(where, "its embedding is not JSON", cause);
  }
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "string_to_param"))
    throw invalid(where, 'its embedding has no "string_to_param"');
  requireShallow(value, { code: "EMBEDDING_INVALID", subject: `The embedding in ${where}` });
  return value as Readonly<Record<string, unknown>>;
}

export function invalid(where: string, what: string, cause?: unknown): CoinageError {
  return new CoinageError("EMBEDDING_INVALID", `${where} is damaged: ${what}.`, {
    hint: "Get the file again as it was first written.",
    cause,
  });
}
