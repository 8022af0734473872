/** A limit on what a file, a server's answer or a setting may take. */
interface Limit {
  /** The largest accepted amount. */
  readonly max: number;
  /** What is counted, in the plural. */
  readonly unit: string;
  /** What it protects against, and what real input needs. */
  readonly why: string;
}

/** Every limit on untrusted input. The table in docs/security.md is made from this one. */
export const limits = {
  // any input
  nesting: {
    max: 100,
    unit: "levels of nesting",
    why: "Deep nesting overflows the stack. Settings, headers and state dicts nest fewer than ten levels.",
  },
  // files of weights
  memoryBesideFile: {
    max: 32 * 2 ** 20,
    unit: "bytes of memory in addition to twice its size",
    why: "Deflated members and tensors that repeat or share their storage turn a small file into gigabytes. Files that PyTorch writes take no more memory than disk.",
  },
  rank: {
    max: 64,
    unit: "dimensions",
    why: "Many tensors can share one long shape. NumPy allows 64 dimensions; weights have at most 5.",
  },
  repeatedElements: {
    max: 4_000_000,
    unit: "numbers that are not stored",
    why: "A stride of 0 repeats a number as often as the file says. Embeddings that use it have at most 100,000 numbers.",
  },
  vectors: {
    max: 10_000,
    unit: "vectors",
    why: "A table whose vectors have width 0 holds any number of them in no bytes. A prompt has room for 225.",
  },
  safetensorsHeader: {
    max: 100_000_000,
    unit: "bytes of header",
    why: "The header is read whole. The reference reader has the same limit; the header of SDXL has 300 kB.",
  },
  modelConfig: {
    max: 64 * 2 ** 20,
    unit: "bytes",
    why: "The JSON files of a Diffusers folder are read whole. The largest, an index of shards, has 200 kB.",
  },
  pickleBytes: {
    max: 64 * 2 ** 20,
    unit: "bytes of pickle",
    why: "Whatever a pickle builds is held in memory. That of a checkpoint with 2,000 tensors has 300 kB.",
  },
  pickleInteger: {
    max: 1024,
    unit: "bytes in an integer",
    why: "The time to process an integer grows with the square of its length. Weights need at most eight bytes; the magic number has ten.",
  },
  pickleSteps: {
    max: 4_000_000,
    unit: "steps",
    why: "A pickle is a program, and a few bytes of it can demand endless work and memory. A checkpoint of 2,000 tensors takes 300,000 steps.",
  },
  zipDirectory: {
    max: 64 * 2 ** 20,
    unit: "bytes of directory",
    why: "The directory of a zip archive is read whole. That of a checkpoint with 10,000 members has 1 MB.",
  },
  zipMembers: {
    max: 100_000,
    unit: "members of a zip archive",
    why: "Each is kept with its name. PyTorch files have one member per tensor, a few thousand at most.",
  },
  npzFile: {
    max: 2 ** 30,
    unit: "bytes",
    why: "An .npz file is read whole. Latents take a few KiB; with the alpha mask of a 4096x4096 image they take 64 MiB.",
  },
  npyHeader: {
    max: 10_000,
    unit: "bytes",
    why: "NumPy itself refuses longer headers by default. Real ones have 118 bytes.",
  },
  npzUnpacked: {
    max: 1 << 28,
    unit: "bytes of deflated arrays",
    why: "Deflated zeros grow a thousandfold. Latents take a few KiB; the alpha mask of a 4096x4096 image takes 64 MiB.",
  },
  // embeddings in pictures
  embeddingPicture: {
    max: 2 ** 28,
    unit: "bytes",
    why: "An image that may carry an embedding is read whole. Real ones have a few MB.",
  },
  embeddingText: {
    max: 2 ** 24,
    unit: "bytes of packed text",
    why: "Packed zeros grow a thousandfold. The JSON of an embedding of 75 vectors has 2 MB.",
  },
  pngChunks: {
    max: 200_000,
    unit: "chunks",
    why: "Twelve bytes of a PNG image make a chunk, which takes hundreds in memory. An image of 100 MB has 13,000.",
  },
  pngTextBytes: {
    max: 16 * 2 ** 20,
    unit: "bytes of text",
    why: "Compressed texts in an image can unpack to a thousand times their size. An embedding of 75 vectors has 3 MB, a workflow less.",
  },
  // settings and training states
  settingsFile: {
    max: 16 * 2 ** 20,
    unit: "bytes",
    why: "A settings file or dataset config is read whole, and takes seconds and fifty times its size in memory. One with 50,000 folders of images has 10 MB.",
  },
  stateFile: {
    max: 2 ** 28,
    unit: "bytes",
    why: "A training state is read whole. One of a word with 75 vectors and a dataset of 100,000 images has 3 MB.",
  },
  earlierFile: {
    max: 64 * 2 ** 20,
    unit: "bytes",
    why: "A file that a run is about to replace, and its lock, are compared with what the run writes. Embeddings and states have a few KB to a few MB.",
  },
  runFile: {
    max: 2 ** 20,
    unit: "bytes",
    why: "What a run folder says of its run is read for every run in a list. It has a few hundred bytes.",
  },
  // datasets
  captionFile: {
    max: 16 * 2 ** 20,
    unit: "bytes",
    why: "A caption is read whole, and processed each time its image is used. Real ones have a few hundred bytes, lists of wildcards a few thousand.",
  },
  metadataFile: {
    max: 2 ** 29 - 2 ** 10,
    unit: "bytes",
    why: "A metadata file is read whole into one text, and takes a multiple of its size in memory. One of 100,000 images has 50 MB.",
  },
  epochSamples: {
    max: 1_000_000,
    unit: "images in an epoch",
    why: "A folder's name sets its repeats, and each is kept in a list. Textual Inversion runs have a few hundred to some tens of thousands.",
  },
  // pictures
  pictureFile: {
    max: 2_000_000_000,
    unit: "bytes",
    why: "An image file is read whole. One of 200 megapixels with 16 bits per channel, uncompressed, has 1.2 GB.",
  },
  picturePixels: {
    max: 268_402_689,
    unit: "pixels",
    why: "A decoded image takes four bytes per pixel. The largest photos of phones have 200 million pixels.",
  },
  pictureSide: {
    max: 200_000,
    unit: "pixels in a row",
    why: "A decoder keeps several rows at once. JPEG's limit is 65,535; no camera makes wider images.",
  },
  pngHeadChunks: {
    max: 10_000,
    unit: "chunks before its pixels",
    why: "Each is read before the image is opened. PNG images have a few dozen.",
  },
  emptyPicturePixels: {
    max: 67_108_864,
    unit: "pixels, with less than one byte for a thousand of them",
    why: "A file of 60 bytes can claim to be an image that fills the memory. Photos have more than ten bytes per thousand pixels.",
  },
  resizedPixels: {
    max: 100_000_000,
    unit: "pixels",
    why: "An image of extreme shape would fill the memory when it is resized to cover its bucket. Others stay below four million.",
  },
  // prompts
  images: {
    max: 1_000_000,
    unit: "images",
    why: "All images of a run are planned before the first is generated. A million take twelve days at one per second.",
  },
  generatedPixels: {
    max: 2 ** 28,
    unit: "pixels at once",
    why: "Memory grows with the pixels of all images of a batch. The limit is one image of 16,384 x 16,384, or 256 of 1024 x 1024.",
  },
  promptChunks: {
    max: 200,
    unit: "chunks of 75 tokens",
    why: "The U-Net reads all chunks of a prompt in every step. Long prompts have three.",
  },
  promptText: {
    max: 100_000_000,
    unit: "characters of prompts",
    why: "A long line with many choices is expanded once for each. Prompts have a few hundred characters.",
  },
  combinations: {
    max: 100_000,
    unit: "combinations",
    why: "A line of 100 characters can stand for more prompts than there are atoms. Real enumerations have a few hundred.",
  },
  textRepair: {
    max: 5_000_000,
    unit: "characters to process",
    why: "A text may be escaped thousands of times over (&amp;amp;...), and each level is processed again. Captions and prompts have a few hundred characters and are processed three times.",
  },
  combiningMarks: {
    max: 1000,
    unit: "combining marks in a row",
    why: "Unicode normalization sorts the marks of a letter, in quadratic time. Languages use at most five.",
  },
  // the studio
  studioBody: {
    max: 2 ** 20,
    unit: "bytes",
    why: "A request is read whole. A draft with 2,000 captions has a few hundred kilobytes.",
  },
  studioPicture: {
    max: 64 * 2 ** 20,
    unit: "bytes",
    why: "An image sent to the studio is written to disk. Photos of phones and cameras have 2 to 40 MB.",
  },
  draftPictures: {
    max: 2000,
    unit: "images",
    why: "Each image of a draft is kept, shown and checked. A word is learned from 5 to a few hundred.",
  },
  draftBytes: {
    max: 4 * 2 ** 30,
    unit: "bytes of images",
    why: "The images of a draft fill the disk. Those of real ones have a few hundred megabytes.",
  },
  // reports
  reportFile: {
    max: 2 ** 28,
    unit: "bytes",
    why: "A report's data are read whole. With ten images of 1024 x 1024 they take 20 MB.",
  },
  eventsFile: {
    max: 2 ** 29,
    unit: "bytes",
    why: "A file of events is read whole. A run of 100,000 steps writes 60 MB.",
  },
  // the hub
  hubAnswer: {
    max: 64 * 2 ** 20,
    unit: "bytes",
    why: "A model's description and list of files, over all pages, are held in memory. Real ones have a few kilobytes.",
  },
  hubFile: {
    max: 2 ** 37,
    unit: "bytes",
    why: "A file from the hub is written to disk. The largest Stable Diffusion model has 14 GB.",
  },
  hubMessage: {
    max: 4096,
    unit: "bytes",
    why: "The hub's error messages, and the files that hold the token and the name of a commit, are read whole. Real ones are one line.",
  },
  hubName: {
    max: 255,
    unit: "bytes in a name",
    why: "File systems allow no longer names. Real ones have fewer than 100.",
  },
  hubPages: {
    max: 100,
    unit: "answers",
    why: "A list of files may never end, for instance when a page names itself as the next. A page has 1,000 files, a model a few dozen.",
  },
  hubRedirects: {
    max: 10,
    unit: "redirects",
    why: "Addresses may redirect to each other. The hub needs two.",
  },
  hubSilence: {
    max: 60_000,
    unit: "milliseconds",
    why: "A server may send nothing, or only a trickle. Real ones answer within seconds.",
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
