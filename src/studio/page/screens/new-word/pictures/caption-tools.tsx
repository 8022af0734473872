import { useSignal } from "@preact/signals";
import { notify } from "../../../parts/notices.tsx";
import { newWord as words } from "../../../texts/new-word.ts";
import type { Editor } from "../draft/editor.ts";
import { type Captions, captionsWithWord, changedCaptions } from "../draft/fields.ts";

/** Changes the captions of all pictures at once; each change can be undone. */
export function CaptionTools({ editor }: { editor: Editor }) {
  const [find, replacement, prefix] = [useSignal(""), useSignal(""), useSignal("")];
  const isOpen = useSignal(false);
  const pictures = editor.pictures.value;
  const fields = editor.fields.value;
  const apply = (captions: Captions) => {
    const count = Object.keys(captions).length;
    if (count === 0) return;
    const undo = editor.undo();
    editor.change(fields, captions);
    notify(words.changed(count), { undo });
  };
  const replaced =
    find.value === ""
      ? {}
      : changedCaptions(pictures, (caption) => caption.replaceAll(find.value, () => replacement.value));
  const withWord = fields.word === "" || !isOpen.value ? {} : captionsWithWord(fields, pictures);
  const lacking = Object.keys(withWord).length;
  return (
    <details
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>{words.allCaptions}</summary>
      <div class="inside">
        {fields.word !== "" && (
          <div class="row">
            {lacking > 0 ? (
              <button type="button" onClick={() => apply(withWord)}>
                {words.insertWord(fields.word, lacking)}
              </button>
            ) : (
              <p class="good">✓ {words.allHaveWord}</p>
            )}
          </div>
        )}
        <form
          class="tool"
          onSubmit={(event) => {
            event.preventDefault();
            apply(replaced);
          }}
        >
          <Text id="find" label={words.find} value={find} />
          <Text id="replacement" label={words.replace} value={replacement} />
          <button type="submit" disabled={Object.keys(replaced).length === 0}>
            {words.replaceAll(Object.keys(replaced).length)}
          </button>
        </form>
        <form
          class="tool"
          onSubmit={(event) => {
            event.preventDefault();
            apply(changedCaptions(pictures, (caption) => prefix.value + caption));
          }}
        >
          <Text id="prefix" label={words.prefix} value={prefix} />
          <button type="submit" disabled={prefix.value === ""}>
            {words.prefixAll}
          </button>
        </form>
      </div>
    </details>
  );
}

function Text({ id, label, value }: { id: string; label: string; value: { value: string } }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        autocomplete="off"
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
    </div>
  );
}
