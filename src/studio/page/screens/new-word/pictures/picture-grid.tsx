import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { hasWord } from "../../../../drafts/captions.ts";
import type { DraftPicture } from "../../../../drafts/draft.ts";
import { texts } from "../../../texts/index.ts";
import { type Crop, CroppedPicture } from "./cropped-picture.tsx";
import { moved } from "./grid-moves.ts";

const words = texts.newWord;

interface Shown {
  readonly draft: string;
  readonly pictures: readonly DraftPicture[];
  readonly word: string;
  readonly crops: ReadonlyMap<string, Crop>;
  readonly marks: (picture: DraftPicture) => readonly string[];
  /** Name of the picture that is chosen. */
  readonly active: string | undefined;
  readonly onChoose: (name: string) => void;
  readonly onEdit: () => void;
  readonly onRemove: (name: string) => void;
}

/** So many pictures are there with the screen, and so many more after each time that the browser has drawn: two thousand at once would keep it for a second. */
const [firstShown, moreShown] = [150, 300];

/** All pictures as one list, of which one is chosen: arrows move, E edits, Delete removes. */
export function PictureGrid({ draft, pictures, word, crops, marks, active, onChoose, onEdit, onRemove }: Shown) {
  const list = useRef<HTMLDivElement>(null);
  const shown = useSignal(firstShown);
  useEffect(() => {
    if (shown.value >= pictures.length) return;
    const timer = setTimeout(() => {
      shown.value += moreShown;
    });
    return () => clearTimeout(timer);
  }, [shown.value, pictures.length]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const options = [...list.current!.children] as HTMLElement[];
    const at = pictures.findIndex(({ name }) => name === active);
    const columns = options.filter(({ offsetTop }) => offsetTop === options[0]!.offsetTop).length;
    const target = moved(event.key, { at, columns, count: options.length });
    if (target !== undefined) {
      onChoose(pictures[target]!.name);
      options[target]!.focus();
    } else if (event.key.toLowerCase() === "e" || event.key === "Enter") onEdit();
    else if (event.key === "Delete" || event.key === "Backspace") onRemove(active!);
    else return;
    event.preventDefault();
  };
  return (
    <div class="grid" role="listbox" aria-label={words.gridLabel} ref={list} onKeyDown={onKeyDown}>
      {pictures.slice(0, shown.value).map((picture) => (
        <Tile
          key={picture.name}
          {...{ draft, picture, word }}
          crop={crops.get(picture.name)}
          marks={marks(picture)}
          isActive={picture.name === active}
          onChoose={() => onChoose(picture.name)}
        />
      ))}
    </div>
  );
}

interface TileShown {
  readonly draft: string;
  readonly picture: DraftPicture;
  readonly word: string;
  readonly crop: Crop | undefined;
  readonly marks: readonly string[];
  readonly isActive: boolean;
  readonly onChoose: () => void;
}

function Tile({ draft, picture, word, crop, marks, isActive, onChoose }: TileShown) {
  const { original, caption, width, height } = picture;
  const lacks = word !== "" && caption !== "" && !hasWord(caption, word);
  const about = [original, words.size(width, height), crop && words.trainedAs(crop.width, crop.height)];
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isActive && element.current) show(element.current);
  }, [isActive]);
  const shown = [picture, crop, marks.join(), isActive, word, draft];
  // with hundreds of pictures, a letter of one caption draws one of them
  return useMemo(
    () => (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys of its options
      <div
        ref={element}
        class="tile"
        role="option"
        title={original}
        aria-selected={isActive}
        tabIndex={isActive ? 0 : -1}
        onClick={onChoose}
      >
        <span class="spoken">{about.filter(Boolean).join(", ")}</span>
        <div class="square">
          <CroppedPicture draft={draft} picture={picture} crop={crop} alt="" />
        </div>
        <div class="marks">
          {marks.map((mark) => (
            <span key={mark} class="mark">
              {mark}
            </span>
          ))}
        </div>
        <div class={lacks ? "caption lacks" : "caption"}>
          {caption || words.noCaption}
          {lacks && <span class="spoken">, {words.wordMissing}</span>}
        </div>
      </div>
    ),
    shown,
  );
}

/** Scrolls the list, and not the page, until a tile of it is seen. */
function show(tile: HTMLElement): void {
  const list = tile.parentElement!;
  const [top, bottom] = [tile.offsetTop - list.offsetTop, tile.offsetTop - list.offsetTop + tile.offsetHeight];
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}
