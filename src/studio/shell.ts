import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundlePage, type PageBundle } from "./bundle.ts";

/** A file of the page itself; it contains no data. */
export interface ShellFile {
  readonly type: string;
  readonly text: string;
}

/** The files of the page: one document for every address, scripts and style. */
export class Shell {
  #bundle: Promise<PageBundle> | undefined;
  #sourceStamp = 0;

  /** The document. In a checkout the page is bundled again when its source has changed, so that a reload shows the change. */
  async document(): Promise<string> {
    if (isSource) await this.#forgetIfChanged();
    const files = await this.#read();
    return documentOf({ script: versionOf(files.get("app.js")!), style: versionOf(files.get("app.css")!) });
  }

  /** A file of /assets; undefined if there is none. */
  async file(name: string): Promise<ShellFile | undefined> {
    if (name === "icon.svg") return { type: "image/svg+xml", text: icon };
    const text = (await this.#read()).get(name);
    if (text === undefined) return undefined;
    return { type: name.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8", text };
  }

  async #forgetIfChanged(): Promise<void> {
    const folder = fileURLToPath(new URL("page/", import.meta.url));
    const names = await readdir(folder, { recursive: true });
    const times = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).mtimeMs));
    const stamp = Math.max(...times);
    if (stamp !== this.#sourceStamp) this.#bundle = undefined;
    this.#sourceStamp = stamp;
  }

  #read(): Promise<PageBundle> {
    this.#bundle ??= isSource ? bundlePage(new URL("page/main.tsx", import.meta.url)) : readBundle();
    this.#bundle.catch(() => {
      this.#bundle = undefined;
    });
    return this.#bundle;
  }
}

const isSource = import.meta.url.endsWith(".ts");

async function readBundle(): Promise<PageBundle> {
  const folder = new URL("page/", import.meta.url);
  const names = await readdir(folder);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder), "utf8")] as const)),
  );
}

/** A version for addresses, so that browsers cache a file until it changes. */
function versionOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function documentOf(versions: { readonly script: string; readonly style: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>coinage studio</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/app.css?v=${versions.style}">
<script type="module" src="/assets/app.js?v=${versions.script}"></script>
</head>
<body>
<div id="page"></div>
<noscript>The studio needs JavaScript. Without it: coinage train --help</noscript>
</body>
</html>
`;
}

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="#c08a1e"/><circle cx="16" cy="16" r="10.5" fill="none" stroke="#fff3d6" stroke-width="2"/><path d="M20 12.5a5 5 0 1 0 0 7" fill="none" stroke="#fff3d6" stroke-width="2.6" stroke-linecap="round"/></svg>
`;
