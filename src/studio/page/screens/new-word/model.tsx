import { useSignal } from "@preact/signals";
import type { ListedModel } from "../../../disk/library.ts";
import { ProblemBox } from "../../parts/notices.tsx";
import { newWord as words } from "../../texts/new-word.ts";
import type { Editor } from "./draft/editor.ts";
import type { Fields } from "./draft/fields.ts";
import { aboutModel, byProgram, isOnlyDemo, models, modelsProblem, readModels } from "./draft/models.ts";
import { Part } from "./part.tsx";

/** Models above which the list has a filter. */
const shortList = 8;

/** The choice of the model. */
export function Model({ editor }: { editor: Editor }) {
  const filter = useSignal("");
  const listed = models.value;
  const wanted = filter.value.trim().toLowerCase();
  const fitting = (listed ?? []).filter(({ name, program }) => `${name} ${program}`.toLowerCase().includes(wanted));
  return (
    <Part name="model" number={3} title={words.modelTitle} help={words.modelHelp}>
      {modelsProblem.value && (
        <ProblemBox problem={modelsProblem.value}>
          <LookAgain />
        </ProblemBox>
      )}
      {!listed && !modelsProblem.value && (
        <p class="faint" role="status">
          {words.modelsLoading}
        </p>
      )}
      {listed && listed.length > shortList && (
        <input
          type="search"
          aria-label={words.modelFilter}
          placeholder={words.modelFilter}
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value;
          }}
        />
      )}
      <fieldset>
        <legend class="spoken">{words.modelTitle}</legend>
        <div class="models">
          {byProgram(fitting).map(([program, some]) => (
            <div key={program}>
              <h3>{program}</h3>
              {some.map((model) => (
                <Choice key={model.id} editor={editor} model={model} />
              ))}
            </div>
          ))}
          <HubChoice editor={editor} />
        </div>
      </fieldset>
      {listed && hubOf(editor.fields.value) === undefined && isOnlyDemo(listed) && <OnlyDemo editor={editor} />}
      <HubName editor={editor} />
    </Part>
  );
}

/** What to do if there is no model but the demo model. */
function OnlyDemo({ editor }: { editor: Editor }) {
  return (
    <div class="only-demo">
      <p>
        <strong>{words.onlyDemo}</strong> {words.onlyDemoMeans}
      </p>
      <p>{words.onlyDemoHelp}</p>
      <div class="actions">
        <button type="button" onClick={() => editor.change({ ...editor.fields.value, model: { hub: "" } })}>
          {words.onlyDemoHub}
        </button>
        <LookAgain />
      </div>
    </div>
  );
}

function LookAgain() {
  const isLooking = useSignal(false);
  const look = async (): Promise<void> => {
    if (isLooking.value) return;
    isLooking.value = true;
    await readModels();
    isLooking.value = false;
  };
  return (
    <button type="button" aria-disabled={isLooking.value} onClick={look}>
      {isLooking.value ? words.modelsLoading : words.lookAgain}
    </button>
  );
}

function Choice({ editor, model }: { editor: Editor; model: ListedModel }) {
  const fields = editor.fields.value;
  const isChosen = fields.model !== null && "id" in fields.model && fields.model.id === model.id;
  const [problem] = model.problems;
  return (
    <label>
      <input
        type="radio"
        name="model"
        checked={isChosen}
        disabled={problem !== undefined && !isChosen}
        onChange={() => editor.change({ ...fields, model: { id: model.id } })}
      />
      <span>{model.name}</span>
      <span class="about">
        {aboutModel(model)}
        {problem && <span class="bad"> · {problem.message}</span>}
      </span>
    </label>
  );
}

/** The name of the draft's model on the hub, if it is one of those. */
function hubOf({ model }: Fields): string | undefined {
  return model !== null && "hub" in model ? model.hub : undefined;
}

function HubChoice({ editor }: { editor: Editor }) {
  const fields = editor.fields.value;
  return (
    <label>
      <input
        type="radio"
        name="model"
        checked={hubOf(fields) !== undefined}
        onChange={() => editor.change({ ...fields, model: { hub: "" } })}
      />
      <span>{words.hub}</span>
    </label>
  );
}

function HubName({ editor }: { editor: Editor }) {
  const fields = editor.fields.value;
  const hub = hubOf(fields);
  if (hub === undefined) return null;
  return (
    <div class="field">
      <label for="hub">{words.hubName}</label>
      <input
        id="hub"
        autocomplete="off"
        maxLength={300}
        placeholder={words.hubPlaceholder}
        value={hub}
        aria-describedby="hub-help"
        onInput={(event) => editor.change({ ...fields, model: { hub: event.currentTarget.value.trim() } })}
      />
      <small id="hub-help">{words.hubHelp}</small>
    </div>
  );
}
