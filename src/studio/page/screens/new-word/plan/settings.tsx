import { signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ListedSetting } from "../../../../drafts/settings.ts";
import { useKeys } from "../../../keys.ts";
import { ask } from "../../../live/index.ts";
import { attempt } from "../../../parts/notices.tsx";
import { newWord as words } from "../../../texts/new-word.ts";
import type { Editor } from "../draft/editor.ts";
import { chosenByRecipe, isSavedWithSamples, ownFields, type SettingValue, withSettings } from "../draft/fields.ts";
import { SettingControl } from "./setting-control.tsx";
import { foundSettings } from "./setting-search.ts";

const all = signal<readonly ListedSetting[]>([]);

/** All other settings: a few, the changed ones, and the rest by search. */
export function Settings({ editor }: { editor: Editor }) {
  const search = useSignal("");
  const isOpen = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (all.value.length > 0) return;
    attempt(async () => {
      all.value = (await ask<{ settings: readonly ListedSetting[] }>("GET", "/api/settings")).settings;
    });
  }, []);
  useKeys([
    {
      keys: "/",
      does: words.settingsSearch,
      run: () => {
        isOpen.value = true;
        requestAnimationFrame(() => input.current?.focus());
      },
    },
  ]);
  const fields = editor.fields.value;
  const { settings } = fields;
  const others = all.value.filter(({ flag }) => !ownFields.has(flag));
  const shown = foundSettings(others, { search: search.value, changed: new Set(Object.keys(settings)) });
  const isOfSamples = (flag: string) => flag === "save_every_n_steps" && isSavedWithSamples(fields);
  const changed = others.filter(({ flag }) => Object.hasOwn(settings, flag) && !isOfSamples(flag)).length;
  const chosen = useComputed(() => chosenByRecipe(editor.check.value));
  return (
    <details
      open={isOpen.value}
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>
        {words.settingsTitle}{" "}
        {changed > 0 && (
          <span class="faint">
            <span class="dot" />
            {words.settingsChanged(changed)}
          </span>
        )}
      </summary>
      {isOpen.value && (
        <div class="inside">
          <input
            ref={input}
            type="search"
            aria-label={words.settingsSearch}
            placeholder={words.settingsSearchPlaceholder}
            value={search.value}
            onInput={(event) => {
              search.value = event.currentTarget.value;
            }}
          />
          <p class="spoken" role="status">
            {words.settingsCount(shown.length)}
          </p>
          <div class="setting-list">
            {shown.map((setting, i) => (
              <Setting
                key={setting.flag}
                {...{ editor, setting }}
                ofRecipe={chosen.value.get(setting.flag)}
                isFirstOfGroup={search.value !== "" && setting.group !== shown[i - 1]?.group}
              />
            ))}
          </div>
          {search.value === "" && <p class="faint">{words.settingsMore(others.length - shown.length)}</p>}
          {shown.length === 0 && search.value !== "" && <p>{words.settingsNone(search.value)}</p>}
        </div>
      )}
    </details>
  );
}

interface Shown {
  readonly editor: Editor;
  readonly setting: ListedSetting;
  /** The value that the recipe gives. */
  readonly ofRecipe: string | undefined;
  readonly isFirstOfGroup: boolean;
}

function Setting({ editor, setting, ofRecipe, isFirstOfGroup }: Shown) {
  const { flag, group, help, note } = setting;
  const fields = editor.fields.value;
  const value = fields.settings[flag];
  const set = (next: SettingValue | null) => editor.change(withSettings(editor.fields.value, { [flag]: next }));
  return (
    <>
      {isFirstOfGroup && <h3>{group}</h3>}
      <div class="setting">
        <div>
          <label for={`set-${flag}`}>
            {value !== undefined && <span class="dot" role="img" aria-label={words.isChanged} />}
            {flag.replaceAll("_", " ")}
          </label>{" "}
          <code class="faint">--{flag}</code>
          <p class="help" id={`help-${flag}`}>
            {help} {note && <span class="warning">{note}</span>}
          </p>
        </div>
        <div class="value">
          <SettingControl {...{ setting, value, ofRecipe }} onChange={set} />
          {value !== undefined && (
            <button type="button" class="quiet" aria-label={words.resetOf(flag)} onClick={() => set(null)}>
              {words.reset}
            </button>
          )}
        </div>
      </div>
    </>
  );
}
