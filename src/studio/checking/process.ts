import { probeDevices } from "../../runtime/index.ts";
import { type CheckRequest, check, inspectModel } from "./check.ts";

/** Checks drafts and looks at models for the studio, in a process of its own: reading strangers' models, measuring devices and ONNX Runtime itself
 *  may take long, take memory or end the process, and the studio goes on. Messages come and go over IPC; it ends with the studio, and after a while without work. */

/** What the studio asks. */
export type Question =
  | { readonly kind: "check"; readonly request: CheckRequest }
  | { readonly kind: "model"; readonly path: string }
  | { readonly kind: "devices" };

/** How long it waits for work, in milliseconds. A device stays measured so long. */
const idleMs = 5 * 60_000;

let idle = setTimeout(leave, idleMs);

process.on("message", async ({ id, question }: { readonly id: number; readonly question: Question }) => {
  clearTimeout(idle);
  try {
    process.send?.({ id, answer: await answerTo(question) });
  } catch (error) {
    process.send?.({ id, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  idle = setTimeout(leave, idleMs);
});
process.on("disconnect", leave);
// the studio may have ended while this program was loaded
if (!process.connected) leave();
process.send?.("ready");

function answerTo(question: Question): Promise<unknown> {
  if (question.kind === "check") return check(question.request);
  return question.kind === "model" ? inspectModel(question.path) : probeDevices();
}

function leave(): void {
  process.exit(0);
}
