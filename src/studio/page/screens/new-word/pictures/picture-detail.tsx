import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { hasWord } from "../../../../drafts/captions.ts";
import type { DraftPicture } from "../../../../drafts/draft.ts";
import { newWord as words } from "../../../texts/new-word.ts";
import type { Editor } from "../draft/editor.ts";
import { type Crop, CroppedPicture } from "./cropped-picture.tsx";

interface Shown {
  readonly editor: Editor;
  readonly picture: DraftPicture;
  readonly crop: Crop | undefined;
  readonly notes: readonly { readonly code: string; readonly message: string }[];
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly onNext: () => void;
  readonly onBack: () => void;
  readonly onRemove: () => void;
}

/** The chosen picture, cropped as in training, with its caption. */
export function PictureDetail({ editor, picture, crop, notes, input, onNext, onBack, onRemove }: Shown) {
  const { original, caption, width, height, name } = picture;
  const fields = editor.fields.value;
  const { word } = fields;
  // selects the caption of the next picture, so that typing replaces it
  useLayoutEffect(() => {
    if (document.activeElement === input.current) input.current?.select();
  }, [name, input]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") onNext();
    else onBack();
  };
  const has = hasWord(caption, word);
  return (
    <div class="detail">
      <CroppedPicture draft={editor.id} picture={picture} crop={crop} alt={words.cropAlt(original)} isWhole />
      <div class="facts">
        <h3>{original}</h3>
        <p class="faint">
          {words.size(width, height)}
          {crop && ` · ${words.trainedAs(crop.width, crop.height)}`}
          {crop?.isRandom && ` · ${words.randomCrop}`}
        </p>
        {notes.map(({ code, message }) => (
          <p key={code} class="warning">
            {message}
          </p>
        ))}
        <div class="field">
          <label for="caption">{words.caption}</label>
          <textarea
            id="caption"
            ref={input}
            rows={2}
            aria-describedby="caption-hint"
            value={caption}
            onInput={(event) => editor.change(fields, { [name]: event.currentTarget.value.replace(/\n/g, " ") })}
            onKeyDown={onKeyDown}
          />
          <small id="caption-hint">
            {caption !== "" && word !== "" && (
              <span class={has ? "good" : "bad"}>{has ? `✓ ${words.wordFound}` : `✗ ${words.wordMissing}`} · </span>
            )}
            {words.captionHint}
          </small>
        </div>
        <div class="actions">
          <button type="button" class="quiet" aria-label={`${words.remove} ${original}`} onClick={onRemove}>
            {words.remove}
          </button>
        </div>
      </div>
    </div>
  );
}
