import { newWord as words } from "../../../texts/new-word.ts";
import type { Editor } from "../draft/editor.ts";

/** Pictures being sent, and refused ones with the reason and what to do. */
export function UploadList({ editor: { uploads } }: { editor: Editor }) {
  const all = uploads.list.value;
  const coming = all.filter(({ state }) => state !== "refused");
  const refused = all.filter(({ state }) => state === "refused");
  const lot = uploads.lot.value;
  const shares = coming.reduce((sum, { share }) => sum + share, lot.done);
  return (
    <>
      {coming.length > 0 && (
        <div class="run-progress">
          <div
            class="bar"
            role="progressbar"
            aria-label={words.sending(lot.done, lot.all)}
            aria-valuemin={0}
            aria-valuemax={lot.all}
            aria-valuenow={lot.done}
          >
            <div class="done" style={{ width: `${(100 * shares) / Math.max(1, lot.all)}%` }} />
          </div>
          <div class="row">
            <span class="faint" role="status">
              {words.sending(lot.done, lot.all)}
            </span>
            <button type="button" class="link" onClick={() => uploads.stop()}>
              {words.cancelUploads}
            </button>
          </div>
        </div>
      )}
      {refused.length > 0 && (
        <div role="status">
          <div class="row">
            <h3>{words.refusedTitle(refused.length)}</h3>
            {refused.length > 1 && (
              <button type="button" class="link" onClick={() => uploads.forgetRefused()}>
                {words.forgetAll}
              </button>
            )}
          </div>
          <ul class="refused">
            {refused.map(({ id, name, file, problem }) => (
              <li key={id}>
                <div class="said">
                  {problem?.message.startsWith(name) ? null : <strong>{name} </strong>}
                  {problem?.message} {problem?.hint}
                </div>
                <div class="actions">
                  {file && (
                    <button type="button" aria-label={`${words.tryAgain}: ${name}`} onClick={() => uploads.again(id)}>
                      {words.tryAgain}
                    </button>
                  )}
                  <button
                    type="button"
                    class="quiet"
                    aria-label={`${words.forget}: ${name}`}
                    onClick={() => uploads.forget(id)}
                  >
                    {words.forget}
                  </button>
                </div>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
