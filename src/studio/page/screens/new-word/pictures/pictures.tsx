import { useComputed, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { DraftPicture } from "../../../../drafts/draft.ts";
import { useKeys } from "../../../keys.ts";
import { attempt, notify } from "../../../parts/notices.tsx";
import { newWord as words } from "../../../texts/new-word.ts";
import type { Editor } from "../draft/editor.ts";
import { doublesOf } from "../draft/fields.ts";
import { Part } from "../part.tsx";
import { CaptionTools } from "./caption-tools.tsx";
import type { Crop } from "./cropped-picture.tsx";
import { DropZone } from "./drop-zone.tsx";
import { PictureDetail } from "./picture-detail.tsx";
import { PictureGrid } from "./picture-grid.tsx";
import { UploadList } from "./upload-list.tsx";

/** The pictures of the word. */
export function Pictures({ editor }: { editor: Editor }) {
  const chosen = useSignal<string | undefined>(undefined);
  const caption = useRef<HTMLTextAreaElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const pictures = editor.pictures.value;
  const { word } = editor.fields.value;
  const crops = useComputed(
    () => new Map((editor.check.value?.crops ?? []).map((crop): [string, Crop] => [crop.picture, crop])),
  );
  const doubles = useComputed(() => doublesOf(editor.pictures.value));
  // the last check does not know pictures just added
  const areCropsKnown = editor.check.value?.run !== undefined && !editor.checking.value.isUnderWay;
  /** Whether training does not enlarge it: a picture small for most models may be large enough for this one. */
  const isLarge = ({ name }: DraftPicture) => {
    const crop = crops.value.get(name);
    return crop !== undefined && crop.width <= crop.cropWidth;
  };
  const notesOf = (picture: DraftPicture): readonly { code: string; message: string }[] => {
    const other = doubles.value.get(picture.name);
    const isUnused = areCropsKnown && crops.value.size > 0 && !crops.value.has(picture.name);
    return [
      ...(isUnused ? [{ code: "unused", message: words.unused }] : []),
      ...(other === undefined ? [] : [{ code: "double", message: words.double(other) }]),
      ...picture.warnings.filter(
        ({ code }) => code !== "PICTURE_DOUBLE" && !(code === "PICTURE_SMALL" && isLarge(picture)),
      ),
    ];
  };
  const active = pictures.some(({ name }) => name === chosen.value) ? chosen.value : pictures[0]?.name;
  const picture = pictures.find(({ name }) => name === active);
  const focusGrid = () => grid.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
  useKeys([{ keys: "e", does: words.editCaption, run: () => caption.current?.focus() }]);
  const remove = (name: string) => {
    const at = pictures.findIndex((one) => one.name === name);
    const gone = pictures[at];
    if (!gone) return;
    attempt(async () => {
      const hadFocus = grid.current?.contains(document.activeElement);
      chosen.value = (pictures[at + 1] ?? pictures[at - 1])?.name;
      await editor.remove(name);
      notify(words.removed(gone.original), { undo: () => attempt(() => editor.restore(name)) });
      if (hadFocus) requestAnimationFrame(focusGrid);
    });
  };
  const next = () => {
    const at = pictures.findIndex(({ name }) => name === active);
    chosen.value = pictures[Math.min(at + 1, pictures.length - 1)]?.name;
  };
  return (
    <Part
      name="pictures"
      number={1}
      title={words.picturesTitle}
      help={pictures.length > 0 ? words.count(pictures.length) : words.picturesHelp}
    >
      <DropZone editor={editor} isEmpty={pictures.length === 0} />
      <UploadList editor={editor} />
      {picture && (
        <>
          <div ref={grid}>
            <PictureGrid
              draft={editor.id}
              {...{ pictures, word, active }}
              crops={crops.value}
              marks={(one) => notesOf(one).map(({ code }) => words.mark[code] ?? code)}
              onChoose={(name) => {
                chosen.value = name;
              }}
              onEdit={() => caption.current?.focus()}
              onRemove={remove}
            />
            <p class="key-hint">{words.gridHint}</p>
          </div>
          <PictureDetail
            {...{ editor, picture }}
            crop={crops.value.get(picture.name)}
            notes={notesOf(picture)}
            input={caption}
            onNext={next}
            onBack={focusGrid}
            onRemove={() => remove(picture.name)}
          />
          <CaptionTools editor={editor} />
        </>
      )}
    </Part>
  );
}
