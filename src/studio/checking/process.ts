import { probeDevices } from "../../runtime/index.ts";
import { answerQuestions } from "../answering.ts";
import { alternatives, type CheckRequest, check, inspectModel } from "./check.ts";

/** Checks drafts and looks at models for the studio, in a process of its own: reading strangers' models, measuring devices and ONNX Runtime itself
 *  may take long, take memory or end the process, and the studio goes on. */

/** What the studio asks. */
export type Question =
  | { readonly kind: "check" | "alternatives"; readonly request: CheckRequest }
  | { readonly kind: "model"; readonly path: string }
  | { readonly kind: "devices" };

answerQuestions((question: Question): Promise<unknown> => {
  if (question.kind === "check") return check(question.request);
  if (question.kind === "alternatives") return alternatives(question.request);
  return question.kind === "model" ? inspectModel(question.path) : probeDevices();
});
