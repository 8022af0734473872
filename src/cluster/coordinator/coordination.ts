import type { MicroStepContext } from "../../training/index.ts";
import type { CoordinatorBoard, QueueId } from "../board/board.ts";
import type { SharedDrawer } from "../images/drawer.ts";
import type { Job } from "../protocol/job.ts";
import type { Seal } from "../protocol/signed.ts";
import type { FetchBlob } from "../worker/compute.ts";
import type { Clock } from "./clock.ts";
import type { KeepBlob } from "./jobs.ts";
import type { Roll } from "./roll.ts";
import type { SchedulePolicy } from "./schedule.ts";

/** What a coordinator works with. */
export interface Coordination {
  readonly board: CoordinatorBoard;
  readonly of: QueueId;
  /** Signed. */
  readonly manifest: string;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly policy: SchedulePolicy;
  /** Name of the coordinator among the workers. */
  readonly name: string;
  /** The micro-step as it is loaded here. */
  readonly local: MicroStepContext;
  /** Whether the device here takes jobs, too. */
  readonly takesJobs: boolean;
  /** Whether the run ends after the step under way, which is then finished here: perhaps nobody else does. */
  readonly isStopping: () => boolean;
  /** Digest of what the probe gave here. */
  readonly numerics: string;
  /** Whether results are taken from workers whose numerics are others. */
  readonly takesOthers: boolean;
  /** Gradients that results are to have. */
  readonly want: Job["want"];
  readonly keep: KeepBlob;
  readonly fetch: FetchBlob;
  /** Who is there, and who has given bad results. */
  readonly roll: Roll;
  /** Has sample images drawn by the workers. */
  readonly drawer?: SharedDrawer | undefined;
  /** Frees what was opened for the runner. */
  readonly free: () => Promise<void>;
}
