import type { Checker } from "./checking/checker.ts";
import type { Root } from "./disk/folders.ts";
import type { ModelLibrary } from "./disk/library.ts";
import type { Trash } from "./disk/trash.ts";
import type { Drafts } from "./drafts/store.ts";
import type { RunListing } from "./runs/listing.ts";
import type { Once } from "./runs/once.ts";
import type { RunQueue } from "./runs/queue.ts";
import type { Caller } from "./runs/start.ts";
import type { Tries } from "./using/tries/tries.ts";

/** What the routes need. */
export interface StudioParts {
  readonly version: string;
  readonly roots: readonly Root[];
  readonly drafts: Drafts;
  readonly trash: Trash;
  readonly models: ModelLibrary;
  readonly checker: Checker;
  /** The folder of all runs. */
  readonly runs: string;
  readonly listing: RunListing;
  readonly queue: RunQueue;
  readonly caller: Caller;
  readonly tries: Tries;
  readonly once: Once;
  /** Aborted when the studio ends. */
  readonly end: AbortSignal;
  /** Makes a ticket that opens the page once. */
  readonly makeTicket: () => string;
  /** Called with bugs. */
  readonly report: (error: unknown) => void;
}
