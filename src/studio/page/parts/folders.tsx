import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { FolderListing } from "../../disk/folders.ts";
import type { Problem } from "../../http/problems.ts";
import { ask, problemIn, studio } from "../live/index.ts";
import { common as commonTexts } from "../texts/common.ts";
import { folders as words } from "../texts/folders.ts";
import { runs as runsTexts } from "../texts/runs.ts";
import { ProblemBox } from "./notices.tsx";

/** A folder below one of the studio's roots. */
export interface ChosenFolder {
  readonly root: string;
  /** Names of the folders from the root on. */
  readonly path: readonly string[];
  /** The whole path, for people. */
  readonly shown: string;
}

/** Returns the focus to the button that opened the folders once they are closed. */
export function useFocusBack(isOpen: boolean): RefObject<HTMLButtonElement | null> {
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (wasOpen.current && !isOpen) button.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  return button;
}

/** Browses the folders of the studio's machine below its roots, and chooses one. hasPictures: whether to show numbers of images. */
export function Folders({
  onTake,
  onCancel,
  hasPictures = false,
}: {
  onTake: (folder: ChosenFolder) => void;
  onCancel: () => void;
  hasPictures?: boolean;
}) {
  const id = useId();
  const state = studio.value;
  const roots = state && "roots" in state ? state.roots : [];
  const at = useSignal<{ readonly root: string; readonly path: readonly string[] }>({
    root: roots[0]?.id ?? "",
    path: [],
  });
  const listing = useSignal<FolderListing | undefined>(undefined);
  const problem = useSignal<Problem | undefined>(undefined);
  const { root, path } = at.value;
  useEffect(() => {
    const leaving = new AbortController();
    const query = new URLSearchParams({ root, path: path.join("/") });
    ask<FolderListing>("GET", `/api/folders?${query}`, { signal: leaving.signal }).then(
      (found) => {
        [listing.value, problem.value] = [found, undefined];
      },
      (error) => {
        if (!leaving.signal.aborted) [listing.value, problem.value] = [undefined, problemIn(error)];
      },
    );
    return () => leaving.abort();
  }, [root, path, listing, problem]);
  const shown = [roots.find((one) => one.id === root)?.path ?? "", ...path].join("/").replace(/^\/\//, "/");
  const place = useRef<HTMLParagraphElement>(null);
  // the pressed button is gone, and the focus with it
  useEffect(() => place.current?.focus(), []);
  const goTo = (names: readonly string[]): void => {
    at.value = { root, path: names };
    place.current?.focus();
  };
  const found = listing.value;
  const isWithout = hasPictures && found?.pictures === 0;
  return (
    <div class="card folders">
      {roots.length > 1 && (
        <div class="field">
          <label for={id}>{words.root}</label>
          <select
            id={id}
            value={root}
            onChange={({ currentTarget }) => {
              at.value = { root: currentTarget.value, path: [] };
            }}
          >
            {roots.map((one) => (
              <option key={one.id} value={one.id}>
                {one.path}
              </option>
            ))}
          </select>
        </div>
      )}
      <p role="status" ref={place} tabIndex={-1}>
        <strong>{shown}</strong>
        {hasPictures && found && <span class="faint"> · {runsTexts.pictures(found.pictures)}</span>}
      </p>
      {problem.value && <ProblemBox problem={problem.value} />}
      <ul aria-label={words.inside(shown)}>
        {path.length > 0 && (
          <li>
            <button type="button" class="quiet" onClick={() => goTo(path.slice(0, -1))}>
              ↑ {words.up}
            </button>
          </li>
        )}
        {found?.folders.map(({ name, pictures }) => (
          <li key={name}>
            <button type="button" class="quiet" onClick={() => goTo([...path, name])}>
              {name}
              {hasPictures && pictures !== undefined && pictures > 0 && <span> · {runsTexts.pictures(pictures)}</span>}
            </button>
          </li>
        ))}
      </ul>
      {found?.folders.length === 0 && <p class="faint">{words.none}</p>}
      {path.length === 0 && <p class="faint">{words.elsewhere}</p>}
      {found?.isCut && <p class="faint">{words.cut}</p>}
      {isWithout && <p class="warning">{words.noPictures}</p>}
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={!found || isWithout}
          onClick={() => onTake({ root, path, shown })}
        >
          {words.take}
        </button>
        <button type="button" class="quiet" onClick={onCancel}>
          {commonTexts.cancel}
        </button>
      </div>
    </div>
  );
}
