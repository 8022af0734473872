/** A file that is to become a picture. */
export interface ChosenFile {
  readonly file: File;
  /** With the folders that it was dropped in: "cats/IMG_4.jpg". */
  readonly name: string;
  /** The first line of the text file beside it. */
  readonly caption?: string;
}

export interface ChosenFiles {
  readonly pictures: readonly ChosenFile[];
  /** How many files are no pictures by their names. */
  readonly ignored: number;
}

/** Endings of pictures. Those that cannot be read here are sent, too: the studio says what to do with them. */
const pictureEnding = /\.(png|jpe?g|jfif|webp|gif|bmp|tiff?|avif|hei[cf]|jxl|jp2|svg|dng|cr2|nef|arw|psd)$/i;

/** The pictures among files, with the captions that lie beside them. isChosen: they were picked one by one, so that each is meant. */
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

/** Files that were dropped, those in dropped folders included. */
export async function filesIn(transfer: DataTransfer): Promise<{ file: File; name: string }[]> {
  // what was dropped is gone after the first wait
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

/** A reader gives some entries at a time, and none at the end. */
async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return entries;
    entries.push(...some);
  }
}
