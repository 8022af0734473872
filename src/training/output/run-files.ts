import { randomUUID } from "node:crypto";
import path from "node:path";
import { holdsEmbedding, type LearnedEmbedding, type WriteOptions, writeEmbedding } from "../../embedding/index.ts";
import { digestOf, readEarlierFile, writeFileAtomically } from "../../files/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { encodeReport, marksOf, marksOfFile, type ReportData, renderReport } from "../../report/index.ts";
import { isStateOf, mayReplaceState, type TrainingState, writeState } from "../state/index.ts";
import { embeddingFile, type Moment, stateFolder } from "./names.ts";
import { OutputFolder, type Written } from "./output-folder.ts";
import { epochInterval, isPruned, keepRules, removeOutdated } from "./pruning.ts";

/** Records of the run's files in a training state. */
type FileRecord = Pick<TrainingState, "runId" | "finalFile" | "prunableFiles">;

/** Contents of the files of a run at the time of writing. */
interface SavedContents {
  readonly embedding: (moment: Moment) => LearnedEmbedding;
  /** The state without its records of files. */
  readonly state: () => Promise<Omit<TrainingState, keyof FileRecord>>;
}

/** The embeddings, states and images that a run writes. Records which files are of this run, or of one that it resumes: only those are replaced or
 *  removed, since a name does not say whose a file is. */
export class RunFiles {
  /** Epochs between saves. */
  readonly epochInterval: number | undefined;
  readonly #settings: TrainSettings;
  readonly #contents: SavedContents;
  readonly #folder: OutputFolder;
  readonly #keepRules: ReturnType<typeof keepRules>;
  readonly #isResumed: boolean;
  readonly #runId: string;
  readonly #prunableFiles: Map<string, string>;
  #finalFile: string | undefined;

  /** epochs: of the whole run; earlier: from the state that the run resumes from. */
  constructor(settings: TrainSettings, epochs: number, contents: SavedContents, earlier?: FileRecord) {
    this.epochInterval = epochInterval(settings, epochs);
    this.#settings = settings;
    this.#contents = contents;
    this.#folder = new OutputFolder(settings);
    this.#keepRules = keepRules(settings, this.epochInterval);
    this.#isResumed = earlier !== undefined;
    this.#runId = earlier?.runId ?? randomUUID();
    this.#prunableFiles = new Map(earlier?.prunableFiles);
    this.#finalFile = earlier?.finalFile;
  }

  /** Writes the current embedding (one table per text encoder, or per layer) in sd-scripts' layout. */
  async writeEmbedding(moment: Moment): Promise<Written> {
    const embedding = this.#contents.embedding(moment);
    const options: WriteOptions = { layout: "kohya", precision: this.#settings.savePrecision };
    const written = await this.#folder.write(
      embeddingFile(this.#settings, moment),
      (file) => writeEmbedding(file, embedding, options),
      // nothing is lost if this run wrote the file earlier, or if it has the same content
      async (file) => (await this.#isFinalFile(file)) || holdsEmbedding(file, embedding, options),
    );
    if (written.path !== undefined) await this.#remember(written.path, moment);
    return written;
  }

  /** Writes the training state, for --resume. */
  async writeState(moment: Moment): Promise<Written> {
    const state: TrainingState = {
      ...(await this.#contents.state()),
      runId: this.#runId,
      finalFile: this.#finalFile,
      prunableFiles: this.#prunableFiles,
    };
    return this.#folder.write(
      stateFolder(this.#settings, moment),
      (folder) => writeState(folder, state),
      async (folder) => this.#isOrigin(folder) || mayReplaceState(folder, state),
    );
  }

  /** Writes the report of the run, as data and as a page. */
  async writeReport(report: ReportData): Promise<{ readonly data: Written; readonly page: Written }> {
    const data = await this.#writeReportFile("json", encodeReport(report), report);
    return { data, page: await this.#writeReportFile("html", renderReport(report), report) };
  }

  /** Replaces a report of this run or of the same embedding. */
  #writeReportFile(extension: string, text: string, report: ReportData): Promise<Written> {
    const { outputDir, outputName } = this.#settings;
    return this.#folder.write(
      path.join(outputDir, `${outputName}.report.${extension}`),
      (target) => writeFileAtomically(target, text),
      async (file) => marksOfFile(await readEarlierFile(file)).some((mark) => marksOf(report).includes(mark)),
    );
  }

  /** Id shared by this run and all runs that resume from its states. */
  get runId(): string {
    return this.#runId;
  }

  /** Folder of sample images. */
  get sampleDir(): string {
    const { outputDir, sampleDir = path.join(outputDir, "sample") } = this.#settings;
    return sampleDir;
  }

  /** Writes a sample image. */
  writeImage(name: string, png: Uint8Array): Promise<Written> {
    const file = path.join(this.sampleDir, name);
    return this.#folder.write(file, (target) => writeFileAtomically(target, png));
  }

  /** Removes the saves of this run that are outdated by a save of this moment; returns those removed. */
  async removeOutdated(moment: Moment): Promise<string[]> {
    const removed = await removeOutdated(this.#settings, moment, this.#keepRules, {
      embedding: (file) => this.#hasWritten(file),
      state: (folder) => isStateOf(folder, this.#runId),
    });
    for (const file of removed) this.#prunableFiles.delete(path.basename(file));
    return removed;
  }

  async #remember(file: string, { kind }: Moment): Promise<void> {
    if (kind === "last") return;
    if (kind === "final") this.#finalFile = await fileDigest(file);
    else if (isPruned(this.#keepRules.embedding, kind))
      this.#prunableFiles.set(path.basename(file), (await fileDigest(file)) ?? "");
  }

  async #isFinalFile(file: string): Promise<boolean> {
    return this.#finalFile !== undefined && (await fileDigest(file)) === this.#finalFile;
  }

  async #hasWritten(file: string): Promise<boolean> {
    const known = this.#prunableFiles.get(path.basename(file));
    return known !== undefined && (await fileDigest(file)) === known;
  }

  /** Whether the run resumed from the state in a folder. */
  #isOrigin(folder: string): boolean {
    const { resume } = this.#settings;
    return this.#isResumed && resume !== undefined && path.resolve(resume) === path.resolve(folder);
  }
}

async function fileDigest(file: string): Promise<string | undefined> {
  const bytes = await readEarlierFile(file);
  return bytes && digestOf(bytes);
}
