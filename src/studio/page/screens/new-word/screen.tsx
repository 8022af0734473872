import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Draft } from "../../../drafts/draft.ts";
import type { Problem } from "../../../http/problems.ts";
import { ask, problemIn, useStream } from "../../live/index.ts";
import { ProblemBox } from "../../parts/notices.tsx";
import { query } from "../../route.ts";
import { common as commonTexts } from "../../texts/common.ts";
import { newWord as words } from "../../texts/new-word.ts";
import { Editor } from "./draft/editor.ts";
import { models, readModels, suggestedModel } from "./draft/models.ts";
import { Model } from "./model.tsx";
import { Pictures } from "./pictures/pictures.tsx";
import { Plan } from "./plan/plan.tsx";
import { Word } from "./word.tsx";

/** Prepares a new word: its pictures, its name, its model and the plan. */
export function NewWordScreen() {
  const id = new URLSearchParams(query.value).get("draft") ?? undefined;
  // a new draft keeps its editor when it gets its address; the next screen without an address is another draft
  const session = useRef<{ count: number; made: string | undefined }>({ count: 0, made: undefined }).current;
  if (id === undefined && session.made !== undefined) {
    session.count++;
    session.made = undefined;
  }
  const key = id === undefined || id === session.made ? `new ${session.count}` : id;
  return (
    <DraftScreen
      key={key}
      id={id}
      onMade={(id) => {
        session.made = id;
        history.replaceState(undefined, "", `/new?draft=${id}`);
        query.value = location.search;
      }}
    />
  );
}

function newId(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
}

function DraftScreen({ id, onMade }: { id: string | undefined; onMade: (id: string) => void }) {
  // a new draft gets its address later and stays the same draft
  const editor = useMemo(() => {
    const own = id ?? newId();
    return new Editor(own, id === undefined ? () => onMade(own) : undefined);
  }, []);
  const problem = useSignal<Problem | undefined>(undefined);
  const isReady = useSignal(id === undefined);
  useStream();
  useEffect(() => {
    if (id !== undefined)
      ask<{ draft: Draft }>("GET", `/api/drafts/${encodeURIComponent(id)}`).then(
        ({ draft }) => {
          editor.load(draft);
          isReady.value = true;
        },
        (error) => {
          problem.value = problemIn(error);
        },
      );
    readModels().then(() => {
      const suggested = suggestedModel(models.value ?? []);
      if (id === undefined && suggested) editor.suggest({ id: suggested.id });
    });
    const look = () => {
      if (document.hidden) editor.flush();
      else editor.look().catch(() => {});
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      editor.close();
    };
  }, []);
  const { word } = editor.fields.value;
  useEffect(() => {
    document.title = commonTexts.pageTitle(word === "" ? words.title : words.titleOf(word));
  }, [word]);
  if (problem.value)
    return (
      <section class="hero">
        <h1>{words.loadFailed}</h1>
        <ProblemBox problem={problem.value} />
        <a class="button primary" href="/new">
          {words.fresh}
        </a>
      </section>
    );
  if (!isReady.value) return <p class="faint">{commonTexts.loading}</p>;
  return (
    <div class="new-word">
      <header class="screen-head">
        <h1>{word === "" ? words.title : words.titleOf(word)}</h1>
        <SavingState editor={editor} />
      </header>
      <Conflict editor={editor} />
      <NotSaved editor={editor} />
      <Pictures editor={editor} />
      <Word editor={editor} />
      <Model editor={editor} />
      <Plan editor={editor} />
    </div>
  );
}

function SavingState({ editor }: { editor: Editor }) {
  const saving = editor.saving.value;
  const isFailed = saving.state === "failed";
  const text = isFailed
    ? words.notSaved
    : { new: "", saved: words.saved, unsaved: words.unsaved, saving: words.saving }[saving.state];
  return (
    <p class={isFailed ? "warning" : "faint"} role="status">
      {text}
    </p>
  );
}

/** Why the draft cannot be saved; conflicts are shown elsewhere. */
function NotSaved({ editor }: { editor: Editor }) {
  const saving = editor.saving.value;
  if (saving.state !== "failed" || editor.conflict.value) return null;
  return (
    <ProblemBox problem={saving.problem}>
      <button type="button" onClick={() => editor.flush()}>
        {words.tryAgain}
      </button>
    </ProblemBox>
  );
}

function Conflict({ editor }: { editor: Editor }) {
  if (!editor.conflict.value) return null;
  return (
    <div class="problem-box" role="alert">
      <h2>{words.conflictTitle}</h2>
      <p>{words.conflict}</p>
      <div class="actions">
        <button type="button" class="primary" onClick={() => editor.resolve("theirs")}>
          {words.takeTheirs}
        </button>
        <button type="button" onClick={() => editor.resolve("mine")}>
          {words.keepMine}
        </button>
      </div>
    </div>
  );
}
