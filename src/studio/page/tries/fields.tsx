import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { use as useTexts } from "../texts/use.ts";
import { type Drawing, isDrawable, limits } from "./tries.ts";

const names = ["width", "height", "steps", "guidance"] as const;

/** Size, steps and guidance of pictures. Only valid values are taken. */
export function DrawingFields({ drawing, onChange }: { drawing: Drawing; onChange: (drawing: Drawing) => void }) {
  return (
    <div class="fields">
      {names.map((name) => (
        <Field
          key={name}
          name={name}
          value={drawing[name]}
          onChange={(value) => onChange({ ...drawing, [name]: value })}
        />
      ))}
    </div>
  );
}

function Field({ name, value, onChange }: { name: keyof Drawing; value: number; onChange: (value: number) => void }) {
  const id = useId();
  // keeps what is typed until it is valid
  const typed = useSignal<string | undefined>(undefined);
  const isWrong = typed.value !== undefined && !isDrawable(name, Number(typed.value || Number.NaN));
  const { min, max, step } = limits[name];
  return (
    <div class="field">
      <label for={id}>{useTexts[name]}</label>
      <input
        id={id}
        type="number"
        {...{ min, max, step }}
        value={typed.value ?? value}
        aria-invalid={isWrong}
        onInput={({ currentTarget: { value: text } }) => {
          typed.value = text;
          const given = Number(text || Number.NaN);
          if (isDrawable(name, given)) onChange(given);
        }}
        onBlur={() => {
          typed.value = undefined;
        }}
      />
    </div>
  );
}
