import { CoinageError } from "../errors/index.ts";
import { NotAFile, readingHint, whyUnreadable } from "../files/index.ts";
import { kindOf } from "./kinds.ts";

/** A file that is something else than a picture we can decode. */
class ForeignFile extends Error {}

/** The error of a file whose first bytes show it to be of a kind that cannot be decoded; undefined for others. */
export function foreign(start: Uint8Array): Error | undefined {
  const kind = kindOf(start);
  return kind && !kind.isDecodable ? new ForeignFile(`it is ${kind.name}`) : undefined;
}

/** The error of a picture that cannot be read: because it is none, is damaged, may not be read or is not there. */
export async function unreadable(file: string | Uint8Array, cause: unknown): Promise<CoinageError> {
  if (cause instanceof CoinageError && cause.code === "PICTURE_UNREADABLE") return cause;
  const name = typeof file === "string" ? file : "A picture";
  const isOfSystem = cause instanceof Error && "syscall" in cause;
  const reason = isOfSystem && typeof file === "string" ? await whyUnreadable(file, cause) : reasonIn(cause);
  return new CoinageError("PICTURE_UNREADABLE", `${name} cannot be read as a picture (${reason}).`, {
    hint:
      isOfSystem || cause instanceof NotAFile
        ? (readingHint(cause) ?? "Put the picture back, or take what stands in its place out of the folder.")
        : cause instanceof ForeignFile
          ? "Export it as PNG or JPEG, or take it out of the folder."
          : "Open it in an image program and save it anew as PNG or JPEG, or take it out of the folder.",
    cause,
  });
}

function reasonIn(cause: unknown): string {
  const said = cause instanceof Error ? cause.message.split("\n")[0]! : String(cause);
  // libpng has no more to say of a file that ends too soon, and now one, now the other.
  return ["Unknown error", "vipspng: libpng read error"].includes(said) ? "it is damaged or cut off" : said;
}
