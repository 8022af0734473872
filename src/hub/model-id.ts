/** A model of the Hugging Face hub. */
export interface ModelId {
  /** "owner/name" */
  readonly name: string;
  /** Branch, tag or commit. */
  readonly revision: string | undefined;
  /** One file of the model, with /; undefined for all that the program needs of it. */
  readonly file: string | undefined;
}

const page = /^([^/?#]+\/[^/?#]+)(?:\/(?:blob|resolve|tree)\/([^/?#]+)(?:\/([^?#]+))?)?\/?(?:[?#].*)?$/;
const hosts = ["https://huggingface.co/", "http://huggingface.co/", "https://hf.co/", "http://hf.co/"];

/** Parses `owner/name`, `owner/name@revision` or the address of a model's or file's page; undefined for anything else, such as a path.
 *  endpoint: another server whose addresses to accept. */
export function parseModelId(text: string, endpoint?: string): ModelId | undefined {
  const known = [...hosts, ...(endpoint ? [`${shownAddress(endpoint)}/`] : [])];
  const host = known.find((start) => text.startsWith(start));
  const address = host === undefined ? undefined : (page.exec(text.slice(host.length)) ?? []);
  const [, name, revision, rest] = address ?? /^([^/@]+\/[^/@]+)(?:@(.+))?$/.exec(text) ?? [];
  if (name === undefined || !name.split("/").every(isPlainName)) return undefined;
  if (!address && /\.(safetensors|ckpt|pt|pth|bin)$/i.test(name)) return undefined;
  if (revision !== undefined && !/^(refs\/pr\/\d+|[\w-][\w.-]*)$/.test(revision)) return undefined;
  const file = rest?.replaceAll("%20", " ");
  if (file?.split("/").some((part) => part === "" || part === "." || part === "..")) return undefined;
  return { name, revision, file };
}

/** Whether a text is a web address rather than a path. */
export function isAddress(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text);
}

/** Whether a text can be a name on the hub: letters, digits, `_`, `-` and `.`, the first character neither `-` nor `.`, and no `--` or `..`. */
function isPlainName(text: string): boolean {
  return /^\w[\w.-]*$/.test(text) && !/\.\.|--/.test(text);
}

export function idText({ name, revision }: ModelId): string {
  return revision === undefined ? name : `${name}@${revision}`;
}

/** A server's address without secrets; undefined for one that cannot be parsed. */
function shownAddress(endpoint: string): string | undefined {
  return URL.canParse(endpoint) ? withoutLogin(new URL(endpoint)) : undefined;
}

/** An address without user and password. */
export function withoutLogin({ origin, pathname }: { readonly origin: string; readonly pathname: string }): string {
  return origin + pathname.replace(/\/+$/, "");
}
