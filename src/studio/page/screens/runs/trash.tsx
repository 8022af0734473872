import { useSignal } from "@preact/signals";
import type { Discarded } from "../../../disk/trash.ts";
import { ask, readRows } from "../../live/index.ts";
import { agoText } from "../../parts/format.ts";
import { attempt, notify } from "../../parts/notices.tsx";
import { texts } from "../../texts/index.ts";

const words = texts.runs;

/** What was thrown away, and the way back. onRestored: told when something is back. */
export function TrashView({ onRestored }: { onRestored: () => void }) {
  const trash = useSignal<readonly Discarded[] | undefined>(undefined);
  const read = () =>
    attempt(async () => {
      trash.value = (await ask<{ trash: readonly Discarded[] }>("GET", "/api/trash")).trash;
    });
  const restore = async ({ id, name }: Discarded): Promise<void> => {
    const isBack = await attempt(() => ask("POST", `/api/trash/${id}/restore`).then(readRows));
    await read();
    if (!isBack) return;
    notify(words.restored(name));
    onRestored();
  };
  return (
    <details
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) read();
      }}
    >
      <summary>{words.trash}</summary>
      <p class="faint">{trash.value?.length === 0 ? words.trashEmpty : words.trashLead}</p>
      <ul class="trash">
        {trash.value?.map((one) => (
          <li key={one.id}>
            <span>
              {one.name || words.draftOf("")}{" "}
              <span class="faint">
                · {words.kind[one.kind]} · {agoText(Date.parse(one.at))}
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
