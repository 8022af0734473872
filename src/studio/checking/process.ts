import { probeDevices } from "../../runtime/index.ts";
import { answerQuestions } from "../answering.ts";
import { alternatives, type CheckRequest, check, inspectModel } from "./check.ts";

/** Checks drafts and inspects models for the studio, in a process of its own: reading untrusted models, measuring devices and ONNX Runtime itself
 *  may be slow, take memory or crash, and the studio must go on. */

/** A question of the studio. */
export type Question =
  | { readonly kind: "check" | "alternatives"; readonly request: CheckRequest }
  | { readonly kind: "model"; readonly path: string }
  | { readonly kind: "devices" };

answerQuestions((question: Question): Promise<unknown> => {
  if (question.kind === "check") return check(question.request);
  if (question.kind === "alternatives") return alternatives(question.request);
  return question.kind === "model" ? inspectModel(question.path) : probeDevices();
});
