import { newWord as words } from "../../../texts/new-word.ts";
import type { Editor } from "../draft/editor.ts";
import { isSavedWithSamples, withInterval, withPrompts, withSettings } from "../draft/fields.ts";

/** The recipe, the training time, and the samples to draw. */
export function RecipeFields({ editor }: { editor: Editor }) {
  const fields = editor.fields.value;
  const { recipe, time } = fields.settings;
  return (
    <>
      <div class="fields">
        <div class="field">
          <label for="recipe">{words.recipe}</label>
          <select
            id="recipe"
            value={recipe === undefined ? "" : String(recipe)}
            onChange={(event) => {
              const { value } = event.currentTarget;
              editor.change(withSettings(fields, value === "" ? { recipe: null, time: null } : { recipe: value }));
            }}
          >
            {Object.entries(words.recipes).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
            <option value="">{words.recipeNone}</option>
          </select>
        </div>
        <div class="field">
          <label for="time">{words.time}</label>
          <input
            id="time"
            list="times"
            autocomplete="off"
            maxLength={20}
            disabled={recipe === undefined}
            value={time === undefined ? "" : String(time)}
            aria-describedby="time-help"
            onChange={(event) => {
              const value = event.currentTarget.value.trim();
              editor.change(withSettings(fields, { time: value === "" ? null : value }));
            }}
          />
          <datalist id="times">
            {["10m", "30m", "1h", "2h", "8h"].map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
          <small id="time-help">{words.timeHelp}</small>
        </div>
      </div>
      <Prompts editor={editor} />
    </>
  );
}

function Prompts({ editor }: { editor: Editor }) {
  const fields = editor.fields.value;
  const { prompts } = fields;
  const { sample_every_n_steps: every } = fields.settings;
  return (
    <div class="field">
      <label for="prompts">{words.prompts}</label>
      <textarea
        id="prompts"
        rows={Math.min(6, Math.max(2, prompts.length))}
        aria-describedby="prompts-help"
        value={prompts.join("\n")}
        onInput={(event) => {
          const { value } = event.currentTarget;
          editor.change(withPrompts(fields, value === "" ? [] : value.split("\n").slice(0, 20)));
        }}
      />
      <div class="row">
        <small id="prompts-help">{words.promptsHelp}</small>
        {/* always shown: leaving the word's field fills in a prompt, and the control being pressed must not move */}
        <label class="row">
          {isSavedWithSamples(fields) ? words.everySaved : words.every}
          <input
            class="short"
            type="number"
            disabled={prompts.length === 0}
            min={1}
            aria-label={words.everyLabel}
            value={every === undefined ? "" : String(every)}
            onInput={(event) => {
              const steps = Number(event.currentTarget.value);
              if (steps >= 1) editor.change(withInterval(fields, Math.round(steps)));
            }}
          />
          {words.steps}
        </label>
      </div>
    </div>
  );
}
