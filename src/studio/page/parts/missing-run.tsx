import type { Problem } from "../../http/problems.ts";
import { common as commonTexts } from "../texts/common.ts";
import { watch as watchTexts } from "../texts/watch.ts";
import { ProblemBox } from "./notices.tsx";

/** Shown instead of the screen of a run that cannot be shown. */
export function MissingRun({ problem }: { problem: Problem }) {
  return (
    <>
      <h1>{watchTexts.unknown}</h1>
      <ProblemBox problem={problem}>
        <a href="/">{commonTexts.allRuns}</a>
      </ProblemBox>
    </>
  );
}
