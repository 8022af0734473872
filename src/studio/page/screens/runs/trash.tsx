import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Discarded } from "../../../disk/trash.ts";
import { ask, readRows } from "../../live/index.ts";
import { Ago } from "../../parts/ago.tsx";
import { attempt, notify } from "../../parts/notices.tsx";
import { runs as words } from "../../texts/runs.ts";

/** The trash, with buttons to restore; hidden if empty. shown: number of drafts and runs shown, which changes when one is discarded.
 *  onRestored: called when something was restored. */
export function TrashView({ shown, onRestored }: { shown: number; onRestored: () => void }) {
  const trash = useSignal<readonly Discarded[]>([]);
  const read = () =>
    attempt(async () => {
      trash.value = (await ask<{ trash: readonly Discarded[] }>("GET", "/api/trash")).trash;
    });
  useEffect(() => {
    read();
  }, [shown]);
  const restore = async ({ id, name }: Discarded): Promise<void> => {
    const isBack = await attempt(() => ask("POST", `/api/trash/${id}/restore`).then(readRows));
    await read();
    if (!isBack) return;
    notify(words.restored(name));
    onRestored();
  };
  if (trash.value.length === 0) return null;
  return (
    <details>
      <summary>{words.trash}</summary>
      <p class="faint">{words.trashLead}</p>
      <ul class="trash">
        {trash.value.map((one) => (
          <li key={one.id}>
            <span>
              {one.name || words.draftOf("")}{" "}
              <span class="faint">
                · {words.kind[one.kind]} · <Ago ms={Date.parse(one.at)} />
              </span>
            </span>
            <button type="button" aria-label={words.restoreLong(one.name)} onClick={() => restore(one)}>
              {words.restore}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
