/** A model of the Hugging Face hub. */
export interface ModelId {
  /** "owner/name" */
  readonly name: string;
  /** Branch, tag or commit. */
  readonly revision: string | undefined;
  /** One file of it, with /; undefined for what the program needs of the whole. */
  readonly file: string | undefined;
}

const pageAddress =
  /^https?:\/\/(?:huggingface\.co|hf\.co)\/([^/?#]+\/[^/?#]+)(?:\/(?:blob|resolve|tree)\/([^/?#]+)(?:\/([^?#]+))?)?\/?(?:[?#].*)?$/;

/** Reads `owner/name`, `owner/name@revision` or the address of a model's or file's page; undefined for anything else, such as a file's path. */
export function parseModelId(text: string): ModelId | undefined {
  const address = pageAddress.exec(text);
  const [, name, revision, rest] = address ?? /^([^/@]+\/[^/@]+)(?:@(.+))?$/.exec(text) ?? [];
  if (name === undefined || !name.split("/").every(isPlainName)) return undefined;
  if (!address && /\.(safetensors|ckpt|pt|pth|bin)$/i.test(name)) return undefined;
  if (revision !== undefined && !/^(refs\/pr\/\d+|[\w-][\w.-]*)$/.test(revision)) return undefined;
  const file = rest?.replaceAll("%20", " ");
  if (file?.split("/").some((part) => part === "" || part === "." || part === "..")) return undefined;
  return { name, revision, file };
}

/** As the hub allows names: letters, digits, - _ . and neither of the last two twice or at an end. */
function isPlainName(text: string): boolean {
  return /^\w[\w.-]*$/.test(text) && !/\.\.|--/.test(text);
}

export function idText({ name, revision }: ModelId): string {
  return revision === undefined ? name : `${name}@${revision}`;
}
