import type { MicroStepContext } from "../../training/index.ts";
import type { CoordinatorBoard, QueueId } from "../board/board.ts";
import type { SharedDrawer } from "../images/drawer.ts";
import type { Job } from "../protocol/job.ts";
import type { Seal } from "../protocol/signed.ts";
import type { FetchBlob } from "../worker/compute.ts";
import type { Clock } from "./clock.ts";
import type { StoreBlob } from "./jobs.ts";
import type { SchedulePolicy } from "./schedule.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

/** What the runner of a shared run works with. */
export interface RunnerOptions {
  readonly board: CoordinatorBoard;
  readonly of: QueueId;
  /** Signed manifest. */
  readonly manifest: string;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly policy: SchedulePolicy;
  /** Name of the coordinator among the workers. */
  readonly name: string;
  /** The micro-step as it is loaded here. */
  readonly local: MicroStepContext;
  /** Whether this machine takes jobs, too. */
  readonly takesJobs: boolean;
  /** Whether the run ends after the step under way. That step is then computed here, in case no worker is left. */
  readonly isStopping: () => boolean;
  /** Digest of the probe as it was computed here, and how long that took, in milliseconds: until a result has come, a job is expected to take as long. */
  readonly numerics: string;
  readonly probeMs: number;
  /** Whether results of workers with other numerics are accepted. */
  readonly takesOtherNumerics: boolean;
  /** Which gradients results contain. */
  readonly want: Job["want"];
  readonly storeBlob: StoreBlob;
  readonly fetchBlob: FetchBlob;
  readonly registry: WorkerRegistry;
  /** Has the workers draw sample images; undefined where none are drawn. */
  readonly drawer?: SharedDrawer | undefined;
  /** Closes what was opened for the runner. */
  readonly free: () => Promise<void>;
}
