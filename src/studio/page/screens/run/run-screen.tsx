import { useKeys } from "../../keys.ts";
import { MissingRun } from "../../parts/missing-run.tsx";
import { ProblemBox } from "../../parts/notices.tsx";
import { go, runAddress } from "../../route.ts";
import { common as commonTexts } from "../../texts/common.ts";
import { watch as watchTexts } from "../../texts/watch.ts";
import { About } from "./about.tsx";
import { Curves } from "./curves.tsx";
import { Head } from "./head.tsx";
import { Messages } from "./messages.tsx";
import { Samples } from "./samples.tsx";
import { Sharing } from "./sharing.tsx";
import { Spoken } from "./spoken.tsx";
import { useRunView } from "./use-run-view.ts";

/** One run: its progress and the actions for it. */
export function RunScreen({ id }: { id: string }) {
  const { row, view, problem, change } = useRunView(id);
  const name = row?.name ?? id;
  useKeys([{ keys: "c", does: watchTexts.compare, run: () => go(runAddress(id, "compare")) }]);
  if (row && row.state === undefined)
    return (
      <>
        <h1>{name}</h1>
        {row.problem && <ProblemBox problem={row.problem} />}
      </>
    );
  if (problem && !view) return <MissingRun problem={problem} />;
  if (!row || !view) return <p class="faint">{commonTexts.loading}</p>;
  return (
    <>
      <Head row={row} view={view} />
      <Samples row={row} view={view} change={change} />
      <Curves row={row} view={view} />
      <Sharing row={row} view={view} />
      <Messages row={row} view={view} />
      <About row={row} view={view} change={change} />
      <Spoken row={row} view={view} />
    </>
  );
}
