import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type ChosenFolder, Folders, useFocusBack } from "../../../parts/folders.tsx";
import { attempt, notify } from "../../../parts/notices.tsx";
import { newWord as words } from "../../../texts/new-word.ts";
import { filesIn, picturesAmong } from "../draft/dropped-files.ts";
import type { Editor } from "../draft/editor.ts";

type Files = Parameters<typeof picturesAmong>[0];

/** Takes pictures that are dropped anywhere on the page, chosen as files, or copied from a folder of the studio's machine. */
export function DropZone({ editor, isEmpty }: { editor: Editor; isEmpty: boolean }) {
  const isOver = useSignal(false);
  const isChoosingFolder = useSignal(false);
  const isTaking = useSignal(false);
  const chooser = useFocusBack(isChoosingFolder.value);
  const add = async (files: Files, isChosen: boolean) => {
    const { pictures, ignored } = await picturesAmong(files, { isChosen });
    if (ignored > 0) notify(words.ignored(ignored));
    editor.uploads.add(pictures);
  };
  useEffect(() => {
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files") ?? false;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      isOver.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) isOver.value = false;
    };
    const drop = (event: DragEvent) => {
      if (!hasFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      isOver.value = false;
      const files = filesIn(event.dataTransfer);
      attempt(async () => add(await files, false));
    };
    window.addEventListener("dragover", over);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", over);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, [editor]);
  const takeFolder = async ({ root, path }: ChosenFolder) => {
    isChoosingFolder.value = false;
    isTaking.value = true;
    await attempt(async () => {
      const { taken, refused } = await editor.takeFolder(root, path);
      notify(words.taken(taken));
      editor.uploads.refuse(refused.map(({ original: name, problem }) => ({ name, problem })));
    });
    isTaking.value = false;
  };
  if (isChoosingFolder.value)
    return (
      <Folders
        hasPictures
        onTake={takeFolder}
        onCancel={() => {
          isChoosingFolder.value = false;
        }}
      />
    );
  return (
    <div class={["drop", isEmpty && "empty", isOver.value && "over"].filter(Boolean).join(" ")}>
      <p>{words.drop}</p>
      <div class="row">
        <input
          id="files"
          class="spoken"
          type="file"
          multiple
          accept="image/*,.heic,.heif,.avif,.txt"
          onChange={(event) => {
            const input = event.currentTarget;
            const files = [...(input.files ?? [])].map((file) => ({ file, name: file.name }));
            // resets the input, so that the same files can be chosen again
            attempt(() => add(files, true)).then(() => {
              input.value = "";
            });
          }}
        />
        <label class="button" for="files">
          {words.chooseFiles}
        </label>
        <button
          type="button"
          ref={chooser}
          aria-disabled={isTaking.value}
          onClick={() => {
            isChoosingFolder.value = !isTaking.value;
          }}
        >
          {isTaking.value ? words.takingFolder : words.chooseFolder}
        </button>
      </div>
    </div>
  );
}
