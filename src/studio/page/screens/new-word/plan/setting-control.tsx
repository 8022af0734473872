import type { ListedSetting } from "../../../../drafts/settings.ts";
import { newWord as words } from "../../../texts/new-word.ts";
import type { SettingValue } from "../draft/fields.ts";
import { typedValue } from "./setting-search.ts";

interface Shown {
  readonly setting: ListedSetting;
  readonly value: SettingValue | undefined;
  /** The value that the recipe gives. */
  readonly ofRecipe: string | undefined;
  readonly onChange: (value: SettingValue | null) => void;
}

/** The control of a setting, made from the table of flags. */
export function SettingControl({ setting, value, ofRecipe, onChange }: Shown) {
  const { flag, kind, choices, placeholder } = setting;
  const names = { id: `set-${flag}`, "aria-describedby": `help-${flag}` };
  const usual = ofRecipe === undefined ? setting.default : words.fromRecipe(ofRecipe);
  const isOn = value === true || value === "true";
  if (kind === "switch")
    return (
      <select
        {...names}
        value={value === undefined ? "" : isOn ? "on" : "off"}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          onChange(chosen === "" ? null : chosen === "on");
        }}
      >
        <option value="">{usual ?? words.off}</option>
        <option value="on">{words.on}</option>
        {ofRecipe !== undefined && <option value="off">{words.off}</option>}
      </select>
    );
  if (kind === "choice")
    return (
      <select
        {...names}
        value={value === undefined ? "" : String(value)}
        onChange={(event) => onChange(typedValue(setting, event.currentTarget.value))}
      >
        <option value="">{usual ?? words.usual}</option>
        {choices?.map((choice) => (
          <option key={choice} value={String(choice)}>
            {choice}
          </option>
        ))}
      </select>
    );
  return (
    <input
      {...names}
      autocomplete="off"
      inputMode={kind === "integer" ? "numeric" : kind === "number" ? "decimal" : "text"}
      placeholder={usual ?? (isFormat(placeholder) ? placeholder : words.notSet)}
      value={value === undefined ? "" : Array.isArray(value) ? value.join(kind === "list" ? " " : ",") : String(value)}
      onChange={(event) => onChange(typedValue(setting, event.currentTarget.value))}
    />
  );
}

/** Whether a placeholder shows a format, as "LOW,HIGH" does and "N" does not. */
function isFormat(placeholder: string): boolean {
  return /[|,]/.test(placeholder);
}
