import type { RunAbout } from "../../../../runs/index.ts";
import type { Exported } from "../../../using/export.ts";
import { Ago } from "../../parts/ago.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { ProblemBox } from "../../parts/notices.tsx";
import { use as words } from "../../texts/use.ts";

/** The results of an export: for each program whether it reads the word, and how prompts spell it. nextOf: what to do next in the program. */
export function Written({
  exports,
  warnings,
  nextOf,
  onReplace,
}: {
  exports: readonly Exported[];
  warnings: readonly string[];
  nextOf: (one: Exported) => string | undefined;
  onReplace: (one: Exported) => void;
}) {
  return (
    <ul class="cards" aria-label={words.results}>
      {exports.map((one) => (
        <li key={`${one.program} ${one.file}`} class="card">
          <OneWritten one={one} next={nextOf(one)} onReplace={() => onReplace(one)} />
        </li>
      ))}
      {warnings.map((warning) => (
        <li key={warning} class="warning">
          {warning}
        </li>
      ))}
    </ul>
  );
}

function OneWritten({ one, next, onReplace }: { one: Exported; next: string | undefined; onReplace: () => void }) {
  const { program, file, isEqual, spelling, problem } = one;
  const name = program === "folder" ? words.folder : program;
  if (!isEqual)
    return (
      <>
        <strong>{name}</strong>
        {problem && (
          <ProblemBox problem={problem}>
            {problem.code === "OUTPUT_EXISTS" && (
              <div class="actions">
                <button type="button" aria-label={words.replaceLong(file)} onClick={onReplace}>
                  {words.replace}
                </button>
              </div>
            )}
          </ProblemBox>
        )}
      </>
    );
  return (
    <>
      <p>
        <strong>{name}</strong>{" "}
        <span class="good">
          <span aria-hidden="true">✓</span> {words.equal}
        </span>
      </p>
      <p class="faint">{file}</p>
      <p>
        {program === "folder" ? words.writeThere : words.writeThis(program)}: <code>{spelling}</code>{" "}
        <CopyButton text={spelling} label={words.copySpelling(spelling)} />
      </p>
      {next && <p class="faint">{next}</p>}
    </>
  );
}

/** Earlier exports of the word. */
export function EarlierExports({
  exports,
  checkpoints,
}: Pick<RunAbout, "checkpoints"> & Pick<RunAbout["marks"], "exports">) {
  if (exports.length === 0) return null;
  const fromOf = (name: string): string => {
    const found = checkpoints.find((one) => one.name === name);
    return found && found.kind !== "average" ? words.stepLabel(found.step) : name;
  };
  return (
    <details>
      <summary>
        {words.earlier}: {exports.length}
      </summary>
      <ul>
        {[...exports].reverse().map(({ program, file, checkpoint, at }) => (
          <li key={file}>
            {program === "folder" ? words.folder : program} · {words.from(fromOf(checkpoint))} ·{" "}
            <Ago ms={Date.parse(at)} />
            <br />
            <span class="faint">{file}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
