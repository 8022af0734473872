import { fileURLToPath } from "node:url";

/** The page's program and its style sheet, as a browser takes them. */
export interface PageBundle {
  readonly script: string;
  readonly style: string;
}

/** Bundles the page from its source. Only checkouts can: esbuild is a development dependency, and the package has the page bundled already.
 *  entry: URL of page/main.tsx. @throws esbuild's own error, which says where the source is wrong */
export async function bundlePage(entry: URL): Promise<PageBundle> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    ...{ entryPoints: [fileURLToPath(entry)], outdir: "page", write: false, bundle: true, minify: true },
    ...{ format: "esm", target: "es2022", jsx: "automatic", jsxImportSource: "preact", logLevel: "silent" },
  });
  const textOf = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  return { script: textOf(".js"), style: textOf(".css") };
}
