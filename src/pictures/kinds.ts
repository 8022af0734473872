import { CoinageError } from "../errors/index.ts";
import { NotAFile, readingHint, whyUnreadable } from "../files/index.ts";
/** Extensions of image files that can be decoded, in lower case: first sd-scripts', in its order. */
export const pictureExtensions: readonly string[] = [
  ...[".png", ".jpg", ".jpeg", ".webp", ".bmp", ".avif"],
  ...[".jfif", ".jpe", ".jif", ".pjpeg", ".tif", ".tiff", ".gif", ".apng", ".dib"],
];

/** Extensions of images (and videos) that cannot be decoded. */
const undecodableExtensions: ReadonlySet<string> = new Set(
  [
    "heic heif hif avci jxl jp2 j2k jpf jpx jpc jxr wdp hdp bpg flif qoi",
    "psd psb xcf kra clip sai mdp ora afphoto pdn cpt procreate",
    "svg svgz ai eps cdr wmf emf pdf",
    "tga exr hdr dds ico icns cur ppm pgm pbm pnm pfm pcx ras fits dcm mng",
    "dng raw cr2 cr3 crw nef nrw arw sr2 srf orf rw2 raf pef rwl 3fr iiq x3f srw erf kdc dcr mrw mef mos",
    "mp4 mov m4v webm mkv avi gifv",
  ].flatMap((endings) => endings.split(" ").map((ending) => `.${ending}`)),
);

/** What a file is by its name. */
export type NamedAs = "picture" | "undecodable picture" | "other";

/** Whether a file is named like an image, in any letter case. */
export function namedAs(name: string): NamedAs {
  const ending = /.(\.[^.]+)$/s.exec(name)?.[1]?.toLowerCase();
  if (ending === undefined) return "other";
  if (pictureExtensions.includes(ending)) return "picture";
  return undecodableExtensions.has(ending) ? "undecodable picture" : "other";
}

interface Kind {
  /** The rest of "it is ...". */
  readonly name: string;
  readonly isDecodable: boolean;
  /** With its dot; only for decodable formats. */
  readonly extension?: string;
  readonly begins: RegExp;
}

const decodable = { isDecodable: true } as const;
const undecodable = { isDecodable: false } as const;

/** How files start: bytes as Latin-1 characters, those below the space as ␀ to ␟. */
const kinds: readonly Kind[] = [
  { ...decodable, name: "a PNG picture", extension: ".png", begins: /^\x89PNG␍␊/ },
  { ...decodable, name: "a JPEG picture", extension: ".jpg", begins: /^\xff\xd8\xff/ },
  { ...decodable, name: "a WebP picture", extension: ".webp", begins: /^RIFF....WEBP/ },
  { ...decodable, name: "a GIF picture", extension: ".gif", begins: /^GIF8[79]a/ },
  { ...decodable, name: "a Windows bitmap", extension: ".bmp", begins: /^BM.{4}␀{4}/ },
  { ...decodable, name: "a TIFF picture", extension: ".tif", begins: /^(II[*+]␀|MM␀[*+])/ },
  { ...decodable, name: "an AVIF picture", extension: ".avif", begins: /^....ftypavi[fs]/ },
  { ...undecodable, name: "a HEIC photo", begins: /^....ftyp(hei[cxms]|hev[cxms])/ },
  { ...undecodable, name: "a video", begins: /^(....ftyp(qt {2}|isom|mp4\d|M4V |avc1)|␚E\xdf\xa3|RIFF....AVI )/ },
  { ...undecodable, name: "a JPEG XL picture", begins: /^(\xff␊|␀␀␀␌JXL )/ },
  { ...undecodable, name: "a JPEG 2000 picture", begins: /^(␀␀␀␌jP {2}|\xff\x4f\xff\x51)/ },
  { ...undecodable, name: "a Photoshop file", begins: /^8BPS/ },
  { ...undecodable, name: "a PDF", begins: /^%PDF/ },
  { ...undecodable, name: "a web page", begins: /^[ ␉␊␍]*<(!doctype html|html)/i },
  { ...undecodable, name: "an SVG drawing", begins: /^[ ␉␊␍]*<(\?xml|!doctype svg|svg|!--)/i },
  {
    ...undecodable,
    name: "a Git LFS pointer, not the file itself: git lfs pull fetches it",
    begins: /^version https:\/\/git-lfs/,
  },
];

/** Bytes at the start of a file that identify its format. */
export const kindBytes = 64;

/** The format of a file by its first bytes; undefined if unknown. */
export function kindOf(start: Uint8Array): Omit<Kind, "begins"> | undefined {
  const letters = Array.from(start.subarray(0, kindBytes), (byte) => (byte < 0x20 ? 0x2400 + byte : byte));
  const text = String.fromCharCode(...letters);
  return kinds.find(({ begins }) => begins.test(text));
}

/** A file that is not a decodable image. */
class ForeignFile extends Error {}

/** The error for a file whose first bytes show a format that cannot be decoded; undefined for others. */
export function undecodableKind(start: Uint8Array): Error | undefined {
  const kind = kindOf(start);
  return kind && !kind.isDecodable ? new ForeignFile(`it is ${kind.name}`) : undefined;
}

/** The error for an unreadable image: not an image, damaged, not readable or missing. */
export async function unreadable(file: string | Uint8Array, cause: unknown): Promise<CoinageError> {
  if (cause instanceof CoinageError && cause.code === "PICTURE_UNREADABLE") return cause;
  const name = typeof file === "string" ? file : "A picture";
  const isOfSystem = cause instanceof Error && "syscall" in cause;
  const reason = isOfSystem && typeof file === "string" ? await whyUnreadable(file, cause) : reasonIn(cause);
  return new CoinageError("PICTURE_UNREADABLE", `${name} cannot be read as an image (${reason}).`, {
    hint:
      isOfSystem || cause instanceof NotAFile
        ? (readingHint(cause) ?? "Restore the image, or remove what is in its place.")
        : cause instanceof ForeignFile
          ? "Export it as PNG or JPEG, or remove it from the folder."
          : "Open it in an image editor and save it again as PNG or JPEG, or remove it from the folder.",
    cause,
  });
}

function reasonIn(cause: unknown): string {
  const said = cause instanceof Error ? cause.message.split("\n")[0]! : String(cause);
  if (/^Input \w+ contains unsupported image format$/.test(said)) return "it is no image, or of an unknown format";
  // libpng's only messages for a truncated file.
  return ["Unknown error", "vipspng: libpng read error"].includes(said) ? "it is damaged or cut off" : said;
}
