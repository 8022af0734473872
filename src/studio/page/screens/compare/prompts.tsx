import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { compare as words } from "../../texts/compare.ts";
import { DrawingFields } from "../../tries/index.ts";
import { type Choice, seedsIn } from "./choice.ts";

/** Seeds, size, steps and guidance, the same in every column. */
export function Equals({ choice, onChange }: { choice: Choice; onChange: (change: Partial<Choice>) => void }) {
  const id = useId();
  const typed = useSignal<string | undefined>(undefined);
  const isWrong = typed.value !== undefined && seedsIn(typed.value) === undefined;
  return (
    <details class="card">
      <summary>
        {words.seeds} {choice.seeds.join(" ")} <span class="faint">· {words.more}</span>
      </summary>
      <div class="fields">
        <div class="field wide">
          <label for={id}>{words.seeds}</label>
          <input
            id={id}
            value={typed.value ?? choice.seeds.join(" ")}
            inputMode="numeric"
            aria-invalid={isWrong}
            aria-describedby={`${id}-help`}
            onInput={({ currentTarget: { value } }) => {
              typed.value = value;
              const seeds = seedsIn(value);
              if (seeds) onChange({ seeds });
            }}
            onBlur={() => {
              typed.value = undefined;
            }}
          />
          <span class={isWrong ? "warning" : "faint"} id={`${id}-help`}>
            {isWrong ? words.seedsWrong : words.seedsHelp}
          </span>
        </div>
      </div>
      <DrawingFields drawing={choice} onChange={onChange} />
    </details>
  );
}

/** Adds a prompt. */
export function AddPrompt({ word, onAdd }: { word: string; onAdd: (prompt: string) => void }) {
  const id = useId();
  const typed = useSignal("");
  return (
    <form
      class="add"
      onSubmit={(event) => {
        event.preventDefault();
        const prompt = typed.value.trim();
        if (prompt === "") return;
        typed.value = "";
        onAdd(prompt);
      }}
    >
      <div class="field wide">
        <label for={id}>{words.prompt}</label>
        <input
          id={id}
          value={typed.value}
          placeholder={words.promptHelp(word)}
          maxLength={2000}
          onInput={({ currentTarget: { value } }) => {
            typed.value = value;
          }}
        />
      </div>
      <button type="submit">{words.promptAdd}</button>
    </form>
  );
}
