/** A file to send as a picture. */
export interface ChosenFile {
  readonly file: File;
  /** With the folders it was dropped in: "cats/IMG_4.jpg". */
  readonly name: string;
  /** The first line of the text file beside it. */
  readonly caption?: string;
}

export interface ChosenFiles {
  readonly pictures: readonly ChosenFile[];
  /** Number of files whose names are not those of pictures. */
  readonly ignored: number;
}

/** Extensions of pictures. Unsupported kinds are sent, too: the studio says what to do with them. */
const pictureEnding = /\.(png|jpe?g|jfif|webp|gif|bmp|tiff?|avif|hei[cf]|jxl|jp2|svg|dng|cr2|nef|arw|psd)$/i;

/** The pictures among files, with the captions beside them. isChosen: picked one by one, so each one is meant. */
export async function picturesAmong(
  files: readonly { readonly file: File; readonly name: string }[],
  { isChosen }: { readonly isChosen: boolean },
): Promise<ChosenFiles> {
  const texts = new Map<string, File>();
  for (const { file, name } of files) if (/\.(txt|caption)$/i.test(name)) texts.set(stemOf(name), file);
  const hidden = (name: string) => /(^|\/)\./.test(name);
  const isPicture = ({ file, name }: { readonly file: File; readonly name: string }) =>
    !hidden(name) &&
    (pictureEnding.test(name) || file.type.startsWith("image/") || (isChosen && !texts.has(stemOf(name))));
  const pictures: ChosenFile[] = [];
  for (const chosen of files.filter(isPicture)) {
    const text = texts.get(stemOf(chosen.name));
    const caption = text && (await text.text()).trim().split(/\r?\n/)[0];
    pictures.push({ ...chosen, ...(caption && { caption }) });
  }
  const ignored = files.filter((one) => !isPicture(one) && !texts.has(stemOf(one.name)) && !hidden(one.name)).length;
  return { pictures, ignored };
}

function stemOf(name: string): string {
  return name.replace(/\.[^./]*$/, "");
}

/** Dropped files, including those in dropped folders. */
export async function filesIn(transfer: DataTransfer): Promise<{ file: File; name: string }[]> {
  // the browser clears the dropped items after the first await
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, name: file.name }));
  return (await Promise.all(entries.map((entry) => filesBelow(entry, "")))).flat();
}

async function filesBelow(entry: FileSystemEntry, folder: string): Promise<{ file: File; name: string }[]> {
  const name = folder + entry.name;
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ file, name }];
  }
  const found: { file: File; name: string }[] = [];
  for (const inner of await entriesIn(entry as FileSystemDirectoryEntry))
    found.push(...(await filesBelow(inner, `${name}/`)));
  return found;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

/** All entries of a folder: a reader returns some at a time, and none at the end. */
async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return entries;
    entries.push(...some);
  }
}
