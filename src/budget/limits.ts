/** How much a file, a server's answer or a setting may ask for at most. */
interface Limit {
  /** The largest amount that is accepted. */
  readonly most: number;
  /** What is counted, in the plural. */
  readonly unit: string;
  /** What it protects against, and what real input needs. */
  readonly why: string;
}

/** Every limit on input that comes from strangers. The table in docs/security.md is made from this one. */
export const limits = {
  // any input
  nesting: {
    most: 100,
    unit: "levels of nesting",
    why: "Deep nesting overflows the stack. Settings, headers and state dicts nest fewer than ten levels.",
  },
  // files of weights
  memoryBesideFile: {
    most: 32 * 2 ** 20,
    unit: "bytes of memory beside twice its size",
    why: "Deflated members and tensors that repeat or share their storage make gigabytes of a small file. Files that PyTorch writes take no more memory than disk.",
  },
  rank: {
    most: 64,
    unit: "dimensions",
    why: "Many tensors can share one long shape. NumPy allows 64 dimensions; weights have up to 5.",
  },
  repeatedElements: {
    most: 4_000_000,
    unit: "numbers that are not stored",
    why: "A stride of 0 repeats a number as often as a file says. Embeddings that use it have up to 100,000 numbers.",
  },
  vectors: {
    most: 10_000,
    unit: "vectors",
    why: "A table of vectors of width 0 has any number of them in no bytes. A prompt holds up to 225.",
  },
  safetensorsHeader: {
    most: 100_000_000,
    unit: "bytes of header",
    why: "The header is read whole. The reference reader has the same limit; that of SDXL has 300 kB.",
  },
  modelConfig: {
    most: 64 * 2 ** 20,
    unit: "bytes",
    why: "The JSON files of a Diffusers folder are read whole. The largest, an index of shards, has 200 kB.",
  },
  pickleBytes: {
    most: 64 * 2 ** 20,
    unit: "bytes of pickle",
    why: "Whatever a pickle builds is held in memory. That of a checkpoint with 2,000 tensors has 300 kB.",
  },
  pickleInteger: {
    most: 1024,
    unit: "bytes in an integer",
    why: "Working with an integer takes the square of its length. Weights have none of more than eight bytes; the magic number has ten.",
  },
  pickleSteps: {
    most: 4_000_000,
    unit: "steps",
    why: "A pickle is a program, and a few bytes of it can ask for endless work and memory. A checkpoint of 2,000 tensors takes 300,000.",
  },
  zipDirectory: {
    most: 64 * 2 ** 20,
    unit: "bytes of directory",
    why: "The directory of a zip archive is read whole. That of a checkpoint with 10,000 members has 1 MB.",
  },
  zipMembers: {
    most: 100_000,
    unit: "members of a zip archive",
    why: "Each is kept with its name. Files of PyTorch have a member for each tensor, at most some thousand.",
  },
  npzFile: {
    most: 2 ** 30,
    unit: "bytes",
    why: "An .npz file is read whole. Latents take some KiB; with the alpha mask of a 4096x4096 image they take 64 MiB.",
  },
  npyHeader: {
    most: 10_000,
    unit: "bytes",
    why: "NumPy itself refuses longer headers by default. Real ones have 118 bytes.",
  },
  npzUnpacked: {
    most: 1 << 28,
    unit: "bytes of deflated arrays",
    why: "Deflated zeros grow a thousandfold. Latents take some KiB; the alpha mask of a 4096x4096 image takes 64 MiB.",
  },
  // embeddings in pictures
  embeddingPicture: {
    most: 2 ** 28,
    unit: "bytes",
    why: "An image that may carry an embedding is read whole. Real ones have some MB.",
  },
  embeddingText: {
    most: 2 ** 24,
    unit: "bytes of packed text",
    why: "Packed zeros grow a thousandfold. The JSON of an embedding of 75 vectors has 2 MB.",
  },
  pngChunks: {
    most: 200_000,
    unit: "chunks",
    why: "Twelve bytes of a PNG image make a chunk, which takes hundreds in memory. An image of 100 MB has 13,000.",
  },
  pngTextBytes: {
    most: 16 * 2 ** 20,
    unit: "bytes of text",
    why: "Compressed texts in an image unpack to a thousand times their size. An embedding of 75 vectors has 3 MB, a workflow less.",
  },
  // settings and training states
  settingsFile: {
    most: 16 * 2 ** 20,
    unit: "bytes",
    why: "A settings file or dataset config is read whole, and takes seconds and fifty times its size in memory. One with 50,000 folders of images has 10 MB.",
  },
  stateFile: {
    most: 2 ** 28,
    unit: "bytes",
    why: "A training state is read whole. One of a word with 75 vectors and a dataset of 100,000 images has 3 MB.",
  },
  earlierFile: {
    most: 64 * 2 ** 20,
    unit: "bytes",
    why: "A file in the place where a run has to write, and its lock, is compared with what the run writes. Embeddings and states have some KB to a few MB.",
  },
  // datasets
  captionFile: {
    most: 16 * 2 ** 20,
    unit: "bytes",
    why: "A caption is read whole, and processed each time its image is used. Real ones have some hundred bytes, lists of wildcards some thousand.",
  },
  metadataFile: {
    most: 2 ** 29 - 2 ** 10,
    unit: "bytes",
    why: "A metadata file is read whole into one text, and takes a multiple of its size in memory. One of 100,000 images has 50 MB.",
  },
  epochSamples: {
    most: 1_000_000,
    unit: "images in an epoch",
    why: "A folder's name asks for repeats, and each is kept in a list. Runs of Textual Inversion have some hundred to some ten thousand.",
  },
  // pictures
  pictureFile: {
    most: 2_000_000_000,
    unit: "bytes",
    why: "An image's file is read whole. One of 200 megapixels, 16 bits each and not packed, has 1.2 GB.",
  },
  picturePixels: {
    most: 268_402_689,
    unit: "pixels",
    why: "A decoded image takes four bytes a pixel. The largest photos of phones have 200 million pixels.",
  },
  pictureSide: {
    most: 200_000,
    unit: "pixels in a row",
    why: "A decoder keeps some rows at once. JPEG ends at 65,535, and so do the cameras.",
  },
  pngHeadChunks: {
    most: 10_000,
    unit: "chunks before its pixels",
    why: "Each is read before the image is opened. PNG images have some dozen.",
  },
  emptyPicturePixels: {
    most: 67_108_864,
    unit: "pixels, with less than one byte for a thousand of them",
    why: "A file of 60 bytes can claim to be an image that fills the memory. Photos have more than ten bytes for a thousand pixels.",
  },
  resizedPixels: {
    most: 100_000_000,
    unit: "pixels",
    why: "An image of extreme shape would fill the memory when it is resized to cover its bucket. Others stay below four million.",
  },
  // prompts
  images: {
    most: 1_000_000,
    unit: "images",
    why: "All images of a run are planned before the first is generated. A million take twelve days at one a second.",
  },
  generatedPixels: {
    most: 2 ** 28,
    unit: "pixels at once",
    why: "Memory grows with the pixels of all images of a batch, which one image of 16,384 x 16,384 is, or 256 of 1024 x 1024.",
  },
  promptChunks: {
    most: 200,
    unit: "chunks of 75 tokens",
    why: "The U-Net reads all chunks of a prompt in every step. Long prompts have three.",
  },
  promptText: {
    most: 100_000_000,
    unit: "characters of prompts",
    why: "A long line with many choices is expanded once for each. Prompts have some hundred characters.",
  },
  combinations: {
    most: 100_000,
    unit: "combinations",
    why: "A line of 100 characters can stand for more prompts than there are atoms. Enumerations that people use have some hundred.",
  },
  textRepair: {
    most: 5_000_000,
    unit: "characters to process",
    why: "A text may be encoded in itself thousands of times over (&amp;amp;...), and is processed again each time. Captions and prompts have some hundred characters and are processed three times.",
  },
  combiningMarks: {
    most: 1000,
    unit: "combining marks in a row",
    why: "Unicode puts marks on one letter in order, in quadratic time. Languages use up to five.",
  },
  // the hub
  hubAnswer: {
    most: 64 * 2 ** 20,
    unit: "bytes",
    why: "A model's description and list of files, over all pages, are held in memory. Real ones have some kilobytes.",
  },
  hubFile: {
    most: 2 ** 37,
    unit: "bytes",
    why: "A file of the hub is written to the disk. The largest Stable Diffusion model has 14 GB.",
  },
  hubMessage: {
    most: 4096,
    unit: "bytes",
    why: "An error message of the hub, the token and the name of a commit in files are read whole. Real ones are a line.",
  },
  hubName: {
    most: 255,
    unit: "bytes in a name",
    why: "File systems take no longer names of files and folders. Real ones have fewer than 100.",
  },
  hubPages: {
    most: 100,
    unit: "answers",
    why: "A list of files may never end, such as a page that names itself as the next. A page has 1,000 files, a model some dozens.",
  },
  hubRedirects: {
    most: 10,
    unit: "redirects",
    why: "Addresses may redirect to each other. The hub needs two.",
  },
  hubSilence: {
    most: 60_000,
    unit: "milliseconds",
    why: "A server may send nothing, or only a trickle. Real ones answer within seconds.",
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
