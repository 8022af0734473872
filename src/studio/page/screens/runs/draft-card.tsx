import type { Draft } from "../../../drafts/draft.ts";
import { ask } from "../../live/index.ts";
import { Ago } from "../../parts/ago.tsx";
import { attempt, notify } from "../../parts/notices.tsx";
import { runs as words } from "../../texts/runs.ts";

/** A draft in the list. onChange: called when it was discarded or restored. */
export function DraftCard({ draft, onChange }: { draft: Draft; onChange: () => void }) {
  const name = words.draftOf(draft.word);
  const discard = async () => {
    await attempt(async () => {
      const { trash } = await ask<{ trash: string }>("DELETE", `/api/drafts/${draft.id}`);
      onChange();
      const undo = () => attempt(() => ask("POST", `/api/trash/${trash}/restore`).then(onChange));
      notify(words.discarded(name), { undo });
    });
  };
  return (
    <li class="card">
      <div class="card-head">
        <h3>
          <a href={`/new?draft=${draft.id}`}>{name}</a>
        </h3>
        <span class="faint">
          {words.pictures(draft.pictures.length)} · <Ago ms={Date.parse(draft.changedAt)} />
        </span>
      </div>
      <div class="strip">
        {draft.pictures.slice(0, 6).map((picture) => (
          <img
            key={picture.name}
            loading="lazy"
            src={`/api/drafts/${draft.id}/pictures/${encodeURIComponent(picture.name)}`}
            alt={picture.caption || picture.original}
          />
        ))}
      </div>
      <div class="actions">
        <a class="button" href={`/new?draft=${draft.id}`}>
          {words.goOn}
        </a>
        <button type="button" class="quiet" onClick={discard}>
          {words.discard}
        </button>
      </div>
    </li>
  );
}
