import path from "node:path";
import { fileURLToPath } from "node:url";

/** The page's files by name: app.js, app.css, and a script for each screen, with a hash in its name. */
export type PageBundle = ReadonlyMap<string, string>;

/** Bundles the page from its source, in checkouts only: esbuild is a development dependency, and the package contains the bundled page.
 *  entry: URL of page/main.tsx. @throws esbuild's own error, which names the place in the source */
export async function bundlePage(entry: URL): Promise<PageBundle> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    ...{ entryPoints: [{ in: fileURLToPath(entry), out: "app" }], outdir: "page", write: false, bundle: true },
    ...{ minify: true, splitting: true, chunkNames: "[name]-[hash]", format: "esm", target: "es2022" },
    ...{ jsx: "automatic", jsxImportSource: "preact", logLevel: "silent" },
  });
  return new Map(outputFiles.map((file) => [path.basename(file.path), file.text]));
}
