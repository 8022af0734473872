import type { Problem } from "../../http/problems.ts";
import { texts } from "../texts/index.ts";
import { ProblemBox } from "./notices.tsx";

/** In place of the screen of a run that cannot be shown. */
export function MissingRun({ problem }: { problem: Problem }) {
  return (
    <>
      <h1>{texts.watch.unknown}</h1>
      <ProblemBox problem={problem}>
        <a href="/">{texts.common.allRuns}</a>
      </ProblemBox>
    </>
  );
}
