import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { digestOf, hintOfMissing, kindOfPath, readEarlierFile, readRegularTextFile } from "../../files/index.ts";
import { decodeReport, type ReportData } from "../data.ts";

/** An embedding file, and the report of its run beside it. */
export interface Found {
  readonly embedding: string;
  /** Where the report is, or will be. */
  readonly dataFile: string;
  readonly pageFile: string;
  /** Undefined if there is none, or one of another file. */
  readonly report: ReportData | undefined;
  readonly warnings: readonly string[];
}

const dataEnding = ".report.json";

/** Finds an embedding and its report from the path of either. @throws FILE_NOT_FOUND, FILE_UNREADABLE, REPORT_INVALID */
export async function findReported(target: string): Promise<Found> {
  const given = target.replace(/\.report\.html$/, dataEnding);
  const kind = await kindOfPath(given);
  if (kind === "nothing")
    throw new CoinageError("FILE_NOT_FOUND", `${given} does not exist.`, {
      ...hintOfMissing(given, "Give the embedding file of a run, or its NAME.report.json."),
    });
  if (kind === "folder")
    throw new CoinageError("FILE_UNREADABLE", `${given} is a folder.`, {
      hint: "Give the embedding file of a run, or its NAME.report.json.",
    });
  const isData = given.endsWith(dataEnding);
  const { dir, name } = path.parse(isData ? given.slice(0, -dataEnding.length) : given);
  const base = path.join(dir, isData ? path.basename(given, dataEnding) : name);
  const [dataFile, pageFile] = [base + dataEnding, `${base}.report.html`];
  const report = await readReport(dataFile);
  const embedding = isData ? path.join(dir, path.basename(report!.embedding.file)) : given;
  const found = { embedding, dataFile, pageFile };
  if (report?.embedding.sha256 === undefined || isData) return { ...found, report, warnings: [] };
  const bytes = await readEarlierFile(given);
  if (bytes === undefined || digestOf(bytes) === report.embedding.sha256) return { ...found, report, warnings: [] };
  const message = `${dataFile} is the report of another file of this name, so it is not used.`;
  return { ...found, report: undefined, warnings: [message] };
}

async function readReport(file: string): Promise<ReportData | undefined> {
  if ((await kindOfPath(file)) === "nothing") return undefined;
  const refusal = { code: "REPORT_INVALID", subject: file } as const;
  return decodeReport(await readRegularTextFile(file, "reportFile", refusal), file);
}
