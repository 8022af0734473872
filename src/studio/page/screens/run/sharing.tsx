import type { RunRow } from "../../../../runs/index.ts";
import { numberText } from "../../parts/format.ts";
import { isAtWork } from "../../parts/run-state.tsx";
import { isEnough, type RunView, type SharingWorker } from "../../state/index.ts";
import { watch as watchTexts } from "../../texts/watch.ts";

const words = watchTexts.sharing;

/** The workers of a shared run, and whether more of them would help. */
export function Sharing({ row, view: { sharing } }: { row: RunRow; view: RunView }) {
  if (!sharing || !isAtWork(row.state)) return null;
  const { workers, down, waitSeconds } = sharing;
  return (
    <section aria-labelledby="workers">
      <h2 id="workers">{words.title}</h2>
      {down !== undefined && <p class="warning">{words.down(down)}</p>}
      {workers.length > 0 && (
        <table class="workers">
          <thead>
            <tr>
              <th scope="col">{words.name}</th>
              <th scope="col">{words.rate}</th>
              <th scope="col">{words.samples}</th>
            </tr>
          </thead>
          <tbody>
            {workers.map((worker) => (
              <tr key={worker.name} class={worker.state === "there" ? undefined : "faint"}>
                <th scope="row">
                  {worker.name}
                  <StateOf worker={worker} />
                </th>
                <td>{worker.rate === undefined ? "" : watchTexts.perSecond(numberText(worker.rate))}</td>
                <td>{worker.samples}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {waitSeconds !== undefined && workers.length > 1 && <p class="faint">{words.waiting(waitSeconds.toFixed(2))}</p>}
      {isEnough(sharing) && <p>{words.enough}</p>}
    </section>
  );
}

function StateOf({ worker: { state, why } }: { worker: SharingWorker }) {
  if (state === "there") return null;
  return <small>{state === "left" ? words.left : words.refused(why ?? "")}</small>;
}
