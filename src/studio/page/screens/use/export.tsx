import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { RunAbout } from "../../../../runs/index.ts";
import type { Exported } from "../../../using/export.ts";
import type { ProgramFolder } from "../../../using/programs.ts";
import { ask, fileAddress } from "../../live/index.ts";
import { type ChosenFolder, Folders, useFocusBack } from "../../parts/folders.tsx";
import { attempt } from "../../parts/notices.tsx";
import { use as words } from "../../texts/use.ts";
import { EarlierExports, Written } from "./written.tsx";

interface Answer {
  /** The exported checkpoint. */
  readonly checkpoint: string;
  readonly exports: readonly Exported[];
  /** Warnings about a name that does not work everywhere. */
  readonly warnings: readonly string[];
}

/** Exports a checkpoint of the word to other programs. */
export function Export({
  run,
  about,
  checkpoint,
  onMarks,
}: {
  run: string;
  about: RunAbout;
  checkpoint: RunAbout["checkpoints"][number];
  onMarks: (marks: RunAbout["marks"]) => void;
}) {
  const id = useId();
  const programs = useSignal<readonly ProgramFolder[] | undefined>(undefined);
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const folder = useSignal<ChosenFolder | undefined>(undefined);
  const [isChoosing, isWriting] = [useSignal(false), useSignal(false)];
  const chooser = useFocusBack(isChoosing.value);
  const name = useSignal(about.record.word);
  const answer = useSignal<Answer | undefined>(undefined);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    attempt(async () => {
      const { programs: found } = await ask<{ programs: readonly ProgramFolder[] }>("GET", "/api/programs");
      programs.value = found;
      chosen.value = new Set(found.map((one) => one.id));
    });
    if (new URLSearchParams(location.search).get("to") === "export") heading.current?.focus();
  }, [programs, chosen]);

  const count = chosen.value.size + Number(folder.value !== undefined);
  const isBlocked = count === 0 || isWriting.value || name.value.trim() === "";
  const programOf = ({ program, file }: Exported): ProgramFolder | undefined =>
    programs.value?.find((one) => one.program === program && isSame(one.folder, file.replace(/[/\\][^/\\]*$/, "")));
  /** over: the export whose existing file is to be replaced, and only that one. */
  const write = async (over?: Exported): Promise<void> => {
    isWriting.value = true;
    await attempt(async () => {
      const into = folder.value && { folder: { root: folder.value.root, path: folder.value.path } };
      const [known, isFolder] = [over && programOf(over), over?.program === "folder"];
      const body = {
        checkpoint: checkpoint.name,
        name: name.value.trim(),
        programs: over ? (known ? [known.id] : []) : [...chosen.value],
        ...((!over || isFolder) && into),
        replace: over !== undefined,
      };
      const address = `/api/runs/${encodeURIComponent(run)}`;
      const { exports, warnings } = await ask<Omit<Answer, "checkpoint">>("POST", `${address}/export`, { body });
      const now = (one: Exported) => exports.find(({ file }) => file === one.file) ?? one;
      const all = over ? answer.value?.exports.map(now) : undefined;
      answer.value = { checkpoint: checkpoint.name, exports: all ?? exports, warnings };
      const { about: after } = await ask<{ about: RunAbout }>("GET", address);
      onMarks(after.marks);
    });
    isWriting.value = false;
  };
  return (
    <section aria-labelledby={id}>
      <h2 id={id} ref={heading} tabIndex={-1}>
        {words.export}
      </h2>
      <p class="faint">
        {words.exportLead(checkpoint.kind === "average" ? words.averageLabel : words.stepLabel(checkpoint.step))}
      </p>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBlocked) write();
        }}
      >
        <div class="field wide">
          <label for={`${id}-name`}>{words.name}</label>
          <input
            id={`${id}-name`}
            value={name.value}
            maxLength={200}
            required
            aria-describedby={`${id}-help`}
            onInput={({ currentTarget: { value } }) => {
              name.value = value;
              answer.value = undefined;
            }}
          />
          <span class="faint" id={`${id}-help`}>
            {words.nameHelp}
          </span>
        </div>
        <fieldset>
          <legend>{words.programs}</legend>
          {programs.value?.map((one) => (
            <Program
              key={one.id}
              program={one}
              isChosen={chosen.value.has(one.id)}
              onChange={(isChosen) => {
                const others = [...chosen.value].filter((other) => other !== one.id);
                chosen.value = new Set(isChosen ? [...others, one.id] : others);
              }}
            />
          ))}
          {programs.value?.length === 0 && <p>{words.noPrograms}</p>}
          {folder.value && (
            <label class="check">
              <input
                type="checkbox"
                checked
                onChange={() => {
                  folder.value = undefined;
                  answer.value = undefined;
                }}
              />
              <span>
                {words.folder} <span class="faint">{folder.value.shown}</span>
              </span>
            </label>
          )}
        </fieldset>
        {isChoosing.value ? (
          <Folders
            onTake={(taken) => {
              isChoosing.value = false;
              const known = programs.value?.find((one) => isSame(one.folder, taken.shown));
              if (known) chosen.value = new Set([...chosen.value, known.id]);
              else folder.value = taken;
              answer.value = undefined;
            }}
            onCancel={() => {
              isChoosing.value = false;
            }}
          />
        ) : (
          <div class="actions">
            <button
              type="button"
              ref={chooser}
              onClick={() => {
                isChoosing.value = true;
              }}
            >
              {words.folderChoose}
            </button>
          </div>
        )}
        <div class="actions">
          <button type="submit" class="primary" aria-disabled={isBlocked}>
            {words.writeInto(count)}
          </button>
          <a class="button quiet" href={fileAddress(run, "checkpoints", checkpoint.name)} download={checkpoint.name}>
            {words.download}
          </a>
        </div>
      </form>
      <div role="status">
        {answer.value?.checkpoint === checkpoint.name && (
          <Written
            exports={answer.value.exports}
            warnings={answer.value.warnings}
            nextOf={(one) => programOf(one)?.next}
            onReplace={write}
          />
        )}
      </div>
      <EarlierExports exports={about.marks.exports} checkpoints={about.checkpoints} />
    </section>
  );
}

/** Whether two paths are equal, whichever separators Windows uses. */
function isSame(...paths: readonly [string, string]): boolean {
  const [a, b] = paths.map((one) => one.replaceAll("\\", "/"));
  return a === b;
}

function Program({
  program: { program, folder },
  isChosen,
  onChange,
}: {
  program: ProgramFolder;
  isChosen: boolean;
  onChange: (isChosen: boolean) => void;
}) {
  return (
    <label class="check">
      <input type="checkbox" checked={isChosen} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
      <span>
        {program} <span class="faint">{folder}</span>
      </span>
    </label>
  );
}
