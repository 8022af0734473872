import { CoinageError } from "../errors/index.ts";
import { readPngTexts } from "../formats/png-text/index.ts";
import { decodePicture } from "../pictures/index.ts";
import { type Contents, contentsOfJson } from "./contents.ts";
import { jsonInPixels } from "./picture-pixels.ts";

/** The keyword under which the web UI puts an embedding into a picture. */
export const embeddingKeyword = "sd-ti-embedding";

/** The embedding a picture carries: in a text chunk, else in its pixels. Source: checkpoints.md section 8.2.
 *  @throws PNG_INVALID, EMBEDDING_INVALID, EMBEDDING_UNRECOGNIZED when it carries none */
export async function contentsOfPicture(png: Uint8Array, where: string): Promise<Contents> {
  const chunk = readPngTexts(png).find(({ keyword }) => keyword === embeddingKeyword);
  const json = chunk ? decodeBase64(chunk.text, where) : jsonInPixels(await decodePicture(png), where);
  if (json === undefined)
    throw new CoinageError("EMBEDDING_UNRECOGNIZED", `${where} is a picture without an embedding.`, {
      hint: "Saving or sending a picture again strips what it carries. Get the file as the web UI wrote it.",
    });
  return contentsOfJson(parse(json, where));
}

function decodeBase64(text: string, where: string): string {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) throw invalid(where, "its embedding is not base64");
  return Buffer.from(text, "base64").toString("utf8");
}

function parse(json: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw invalid(where, "its embedding is not JSON", cause);
  }
  if (typeof value !== "object" || value === null || !("string_to_param" in value))
    throw invalid(where, 'its embedding has no "string_to_param"');
  return value as Readonly<Record<string, unknown>>;
}

export function invalid(where: string, what: string, cause?: unknown): CoinageError {
  return new CoinageError("EMBEDDING_INVALID", `${where} is damaged: ${what}.`, {
    hint: "Get the file again as it was first written.",
    cause,
  });
}
