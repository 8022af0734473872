/** Generates docs/api, the reference of the package's exports, from the types in src. With --check it writes nothing and fails if a page is stale.
 *  It also fails if TypeDoc finds that a part of an exported type is not exported. Run `npm run docs`. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Application, Converter, ReflectionKind } from "typedoc";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = path.join(root, "docs/api");

const options = {
  entryPoints: ["src/index.ts", "src/pipeline.ts"].map((file) => path.join(root, file)),
  tsconfig: path.join(root, "tsconfig.build.json"),
  plugin: ["typedoc-plugin-markdown"],
  router: "module",
  readme: "none",
  name: "API",
  // links to lines would become stale with every commit
  disableSources: true,
  excludeExternals: true,
  excludePrivate: true,
  groupOrder: ["Functions", "Classes", "*"],
  logLevel: "Warn",
  validation: { notExported: true, invalidLink: true, notDocumented: false },
  // the tables from which exported types are computed
  intentionallyNotExported: ["factories", "kinds", "PartOf"],
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeDeclarationFormat: "table",
};

/** Types whose members have a page of their own: docs/options.md. */
const documentedElsewhere = ["TrainInput", "GenerateInput"];

const made = mkdtempSync(path.join(tmpdir(), "coinage-api-"));
try {
  const problems = await writeReference(made);
  const isCheck = process.argv.includes("--check");
  for (const page of pagesIn(made)) {
    const text = withPlainLineEnds(readFileSync(path.join(made, page), "utf8"));
    if (isCheck) {
      if (text !== writtenPage(page)) problems.push(`docs/api/${page} is stale: npm run docs`);
    } else {
      mkdirSync(path.dirname(path.join(target, page)), { recursive: true });
      writeFileSync(path.join(target, page), text);
      console.log(`wrote docs/api/${page}`);
    }
  }
  for (const page of pagesIn(target))
    if (!pagesIn(made).includes(page)) problems.push(`docs/api/${page} is no page of it`);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  rmSync(made, { recursive: true });
}

/** Writes the pages to a folder, and returns TypeDoc's problems. */
async function writeReference(folder) {
  const app = await Application.bootstrapWithPlugins({ ...options, out: folder });
  const problems = [];
  app.logger.warn = (message) => problems.push(message);
  app.logger.error = (message) => problems.push(message);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const reflection of project.getReflectionsByKind(ReflectionKind.Interface))
      if (documentedElsewhere.includes(reflection.name))
        for (const child of [...(reflection.children ?? [])]) project.removeReflection(child);
  });
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc cannot read the sources: npx tsc --noEmit tells why");
  app.validate(project);
  await app.generateOutputs(project);
  return problems;
}

function pagesIn(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".md")).map((name) => name.replaceAll(path.sep, "/"));
}

/** Normalizes line ends to \n: a checkout may have Windows'. */
function withPlainLineEnds(text) {
  return text.replaceAll("\r\n", "\n");
}

function writtenPage(page) {
  try {
    return withPlainLineEnds(readFileSync(path.join(target, page), "utf8"));
  } catch {
    return undefined;
  }
}
