import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { bundlePage, type PageBundle } from "./bundle.ts";

/** What a browser asks for to show the page. There are no data in it. */
export interface ShellFile {
  readonly type: string;
  readonly text: string;
}

/** The page: one document for every address, with its script and style. */
export class Shell {
  #bundle: Promise<PageBundle> | undefined;

  /** The document. In a checkout the page is bundled again with each one, so that a reload shows what was changed. */
  async document(): Promise<string> {
    if (isSource) this.#bundle = undefined;
    const { script, style } = await this.#read();
    return documentOf({ script: versionOf(script), style: versionOf(style) });
  }

  /** A file of /assets; undefined for others. */
  async file(name: string): Promise<ShellFile | undefined> {
    if (name === "icon.svg") return { type: "image/svg+xml", text: icon };
    if (name !== "app.js" && name !== "app.css") return undefined;
    const { script, style } = await this.#read();
    return name === "app.js"
      ? { type: "text/javascript; charset=utf-8", text: script }
      : { type: "text/css; charset=utf-8", text: style };
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
  const textOf = (name: string): Promise<string> => readFile(new URL(`page/${name}`, import.meta.url), "utf8");
  return { script: await textOf("app.js"), style: await textOf("app.css") };
}

/** In addresses, so that browsers may keep a file and yet get a new one when it changes. */
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
