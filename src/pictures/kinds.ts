/** Endings of picture files we can decode, in lower case: first those that sd-scripts looks for, in its order. */
export const pictureExtensions: readonly string[] = [
  ...[".png", ".jpg", ".jpeg", ".webp", ".bmp", ".avif"],
  ...[".jfif", ".jpe", ".jif", ".pjpeg", ".tif", ".tiff", ".gif", ".apng", ".dib"],
];

/** Endings of pictures (and of what cameras store beside them) that nothing here can decode. */
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

/** What a file's name says of it. */
export type NamedAs = "picture" | "undecodable picture" | "other";

/** Whether a file is named like a picture, in any letter case. */
export function namedAs(name: string): NamedAs {
  const ending = /.(\.[^.]+)$/s.exec(name)?.[1]?.toLowerCase();
  if (ending === undefined) return "other";
  if (pictureExtensions.includes(ending)) return "picture";
  return undecodableExtensions.has(ending) ? "undecodable picture" : "other";
}

interface Kind {
  /** As the end of "it is ...". */
  readonly name: string;
  readonly isDecodable: boolean;
  readonly begins: RegExp;
}

const decodable = { isDecodable: true } as const;
const foreign = { isDecodable: false } as const;

/** How files begin: each byte a letter of Latin-1, those below the blank as the signs ␀ to ␟. */
const kinds: readonly Kind[] = [
  { ...decodable, name: "a PNG picture", begins: /^\x89PNG␍␊/ },
  { ...decodable, name: "a JPEG picture", begins: /^\xff\xd8\xff/ },
  { ...decodable, name: "a WebP picture", begins: /^RIFF....WEBP/ },
  { ...decodable, name: "a GIF picture", begins: /^GIF8[79]a/ },
  { ...decodable, name: "a Windows bitmap", begins: /^BM.{4}␀{4}/ },
  { ...decodable, name: "a TIFF picture", begins: /^(II[*+]␀|MM␀[*+])/ },
  { ...decodable, name: "an AVIF picture", begins: /^....ftypavi[fs]/ },
  { ...foreign, name: "a HEIC photo", begins: /^....ftyp(hei[cxms]|hev[cxms])/ },
  { ...foreign, name: "a video", begins: /^(....ftyp(qt {2}|isom|mp4\d|M4V |avc1)|␚E\xdf\xa3|RIFF....AVI )/ },
  { ...foreign, name: "a JPEG XL picture", begins: /^(\xff␊|␀␀␀␌JXL )/ },
  { ...foreign, name: "a JPEG 2000 picture", begins: /^(␀␀␀␌jP {2}|\xff\x4f\xff\x51)/ },
  { ...foreign, name: "a Photoshop file", begins: /^8BPS/ },
  { ...foreign, name: "a PDF", begins: /^%PDF/ },
  { ...foreign, name: "a web page", begins: /^[ ␉␊␍]*<(!doctype html|html)/i },
  { ...foreign, name: "an SVG drawing", begins: /^[ ␉␊␍]*<(\?xml|!doctype svg|svg|!--)/i },
  {
    ...foreign,
    name: "a Git LFS pointer, not the file itself: git lfs pull fetches it",
    begins: /^version https:\/\/git-lfs/,
  },
];

/** Bytes of a file's start that tell its kind. */
export const kindBytes = 64;

/** What a file's first bytes show it to be; undefined when they are like none of the kinds known here. */
export function kindOf(start: Uint8Array): Omit<Kind, "begins"> | undefined {
  const letters = Array.from(start.subarray(0, kindBytes), (byte) => (byte < 0x20 ? 0x2400 + byte : byte));
  const text = String.fromCharCode(...letters);
  return kinds.find(({ begins }) => begins.test(text));
}
