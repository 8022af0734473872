import { useComputed, useSignal } from "@preact/signals";
import { notify } from "../../parts/notices.tsx";
import { runAddress } from "../../route.ts";
import { newWord as words } from "../../texts/new-word.ts";
import type { Editor } from "./draft/editor.ts";
import { type Kind, kindOf, withKind, withSettings } from "./draft/fields.ts";
import { FixButton } from "./fix-button.tsx";
import { Part } from "./part.tsx";

/** The word, its init word, and its kind. */
export function Word({ editor }: { editor: Editor }) {
  return (
    <Part name="word" number={2} title={words.wordTitle} help={words.wordHelp}>
      <Origin editor={editor} />
      <div class="fields">
        <WordField editor={editor} />
        {editor.from.value?.weights === undefined && <InitField editor={editor} />}
        <VectorsField editor={editor} />
      </div>
      <KindField editor={editor} />
    </Part>
  );
}

/** The run the draft was made from, and whether it continues from its vectors. */
function Origin({ editor }: { editor: Editor }) {
  const from = editor.from.value;
  if (!from) return null;
  return (
    <p>
      {from.weights === undefined ? words.againFrom : words.branchFrom} <a href={runAddress(from.run)}>{from.run}</a>
    </p>
  );
}

function WordField({ editor }: { editor: Editor }) {
  const before = useSignal<string | undefined>(undefined);
  const fields = editor.fields.value;
  const facts = editor.facts.value;
  const leave = () => {
    const was = before.value;
    before.value = undefined;
    if (was === undefined || was === fields.word || fields.word === "") return;
    const undo = editor.undo();
    const count = editor.nameWord(was);
    if (count > 0) notify(words.changed(count), { undo });
  };
  const problem = fields.word === "" ? undefined : facts?.problem;
  return (
    <div class="field">
      <label for="word">{words.word}</label>
      <input
        id="word"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        maxLength={200}
        placeholder={words.wordPlaceholder}
        value={fields.word}
        aria-invalid={problem !== undefined}
        aria-describedby="word-said"
        onFocus={() => {
          before.value = fields.word;
        }}
        onInput={(event) => editor.change({ ...fields, word: event.currentTarget.value.trim() })}
        onBlur={leave}
      />
      <small id="word-said" aria-live="polite">
        {problem && <span class="bad">✗ {problem.message}</span>}
        {!problem && fields.word !== "" && facts && <span class="good">✓ {words.wordFree(facts.ids)}</span>}
      </small>
      {problem?.fix && <FixButton editor={editor} fix={problem.fix} />}
    </div>
  );
}

function InitField({ editor }: { editor: Editor }) {
  const fields = editor.fields.value;
  const { init_word: given } = fields.settings;
  const init = typeof given === "string" ? given : "";
  const isAuto = init === "auto";
  const count = editor.facts.value?.initIds.length ?? 0;
  const set = (value: string) => editor.change(withSettings(fields, { init_word: value === "" ? null : value }));
  return (
    <div class="field">
      <label for="init">{words.init}</label>
      <input
        id="init"
        autocomplete="off"
        autocapitalize="off"
        maxLength={200}
        placeholder={isAuto ? "" : words.initPlaceholder}
        value={isAuto ? "" : init}
        disabled={isAuto}
        aria-describedby="init-said"
        onInput={(event) => set(event.currentTarget.value)}
      />
      <label class="check">
        <input type="checkbox" checked={isAuto} onChange={(event) => set(event.currentTarget.checked ? "auto" : "")} />
        {words.initAuto}
      </label>
      <small id="init-said" aria-live="polite">
        {isAuto && words.initIsAuto}
        {!isAuto && init === "" && words.initNone}
        {!isAuto && init !== "" && count > 0 && (
          <span class={count === 1 ? "good" : "warning"}>
            {count === 1 ? "✓" : "!"} {words.initTokens(count)}
          </span>
        )}
      </small>
    </div>
  );
}

const vectorCounts = [1, 2, 3, 4, 6, 8, 12, 16];

function VectorsField({ editor }: { editor: Editor }) {
  const fields = editor.fields.value;
  const { num_vectors_per_token: given, recipe } = fields.settings;
  const ofRecipe = useComputed(() => {
    const { run } = editor.check.value ?? {};
    return editor.fields.value.settings.num_vectors_per_token === undefined && run?.recipe
      ? run.tokens.length
      : undefined;
  });
  const counts = typeof given === "number" && !vectorCounts.includes(given) ? [...vectorCounts, given] : vectorCounts;
  return (
    <div class="field">
      <label for="vectors">{words.vectors}</label>
      <select
        id="vectors"
        aria-describedby="vectors-said"
        value={given === undefined ? "" : String(given)}
        onChange={(event) => {
          const { value } = event.currentTarget;
          editor.change(withSettings(fields, { num_vectors_per_token: value === "" ? null : Number(value) }));
        }}
      >
        <option value="">{recipe === undefined ? words.usual : words.vectorsAuto(ofRecipe.value)}</option>
        {counts.map((count) => (
          <option key={count} value={String(count)}>
            {count}
          </option>
        ))}
      </select>
      <small id="vectors-said">{words.vectorsHelp}</small>
    </div>
  );
}

function KindField({ editor }: { editor: Editor }) {
  const fields = editor.fields.value;
  const kind = kindOf(fields);
  return (
    <fieldset>
      <legend>{words.kind}</legend>
      <div class="choices">
        {(Object.keys(words.kinds) as Kind[]).map((one) => (
          <label key={one}>
            <input
              type="radio"
              name="kind"
              checked={kind === one}
              onChange={() => editor.change(withKind(fields, one))}
            />
            {words.kinds[one]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
