import { type Signal, useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { hasWord } from "../../../../drafts/captions.ts";
import type { DraftPicture } from "../../../../drafts/draft.ts";
import { newWord as words } from "../../../texts/new-word.ts";
import { type Crop, CroppedPicture } from "./cropped-picture.tsx";
import { moved } from "./grid-moves.ts";
import { type Geometry, windowOf } from "./grid-window.ts";

interface Shown {
  readonly draft: string;
  readonly pictures: readonly DraftPicture[];
  readonly word: string;
  readonly crops: ReadonlyMap<string, Crop>;
  readonly marks: (picture: DraftPicture) => readonly string[];
  /** Name of the chosen picture. */
  readonly active: string | undefined;
  readonly onChoose: (name: string) => void;
  readonly onEdit: () => void;
  readonly onRemove: (name: string) => void;
}

/** All pictures as one list with one chosen: arrows move, E edits, Delete removes. Only visible pictures and the chosen one have elements:
 *  two thousand would take the browser a second to lay out. */
export function PictureGrid({ draft, pictures, word, crops, marks, active, onChoose, onEdit, onRemove }: Shown) {
  const list = useRef<HTMLDivElement>(null);
  const geometry = useSignal<Geometry | undefined>(undefined);
  const shown = useSignal<readonly [from: number, to: number]>([0, 0]);
  const count = pictures.length;
  const look = () => {
    const { scrollTop: top, clientHeight: height } = list.current!;
    setIfOther(shown, windowOf(count, geometry.value, { top, height }));
  };
  useLayoutEffect(() => {
    const measure = () => {
      setIfOther(geometry, geometryOf(list.current!));
      look();
    };
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(list.current!);
    return () => watcher.disconnect();
  }, [count]);
  const at = pictures.findIndex(({ name }) => name === active);
  const isByKey = useRef(false);
  useLayoutEffect(() => {
    const tile = list.current!.querySelector<HTMLElement>("[aria-selected=true]");
    if (!tile) return;
    show(tile);
    if (isByKey.current) tile.focus({ preventScroll: true });
    isByKey.current = false;
  }, [active]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = moved(event.key, { at, columns: geometry.value?.columns ?? 1, count });
    if (target !== undefined) {
      isByKey.current = target !== at;
      onChoose(pictures[target]!.name);
    } else if (event.key.toLowerCase() === "e" || event.key === "Enter") onEdit();
    else if (event.key === "Delete" || event.key === "Backspace") onRemove(active!);
    else return;
    event.preventDefault();
  };
  const [from, to] = geometry.value ? shown.value : windowOf(count, undefined, { top: 0, height: 0 });
  // after removals, the window is updated in the next render
  const places = Array.from({ length: Math.max(0, Math.min(to, count) - from) }, (_, i) => from + i);
  const { columns, height } = geometry.value ?? {};
  return (
    <div
      class="grid"
      role="listbox"
      aria-label={words.gridLabel}
      ref={list}
      style={{
        gridTemplateRows: columns === undefined ? undefined : `repeat(${Math.ceil(count / columns)}, ${height}px)`,
      }}
      onKeyDown={onKeyDown}
      onScroll={look}
    >
      {withPlace(places, at).map((place) => (
        <Tile
          key={pictures[place]!.name}
          picture={pictures[place]!}
          {...{ draft, word, place, count, columns }}
          crop={crops.get(pictures[place]!.name)}
          marks={marks(pictures[place]!)}
          isActive={place === at}
          onChoose={() => onChoose(pictures[place]!.name)}
        />
      ))}
    </div>
  );
}

/** Sets a signal only to a different value, so that the list is not rendered again needlessly. */
function setIfOther<Value>(signal: Signal<Value>, value: NoInfer<Value>): void {
  if (JSON.stringify(signal.peek()) !== JSON.stringify(value)) signal.value = value;
}

function geometryOf(list: HTMLElement): Geometry {
  const { gridTemplateColumns, rowGap } = getComputedStyle(list);
  const height = (list.firstElementChild as HTMLElement).offsetHeight;
  return { columns: gridTemplateColumns.split(" ").length, height, gap: Number.parseFloat(rowGap) };
}

/** Places in order, with `one` added if it is missing. */
function withPlace(places: readonly number[], one: number): readonly number[] {
  if (one < 0 || places.includes(one)) return places;
  return one < (places[0] ?? 0) ? [one, ...places] : [...places, one];
}

interface TileShown {
  readonly draft: string;
  readonly picture: DraftPicture;
  /** Its place among `count`; columns: pictures per row, once known. */
  readonly place: number;
  readonly count: number;
  readonly columns: number | undefined;
  readonly word: string;
  readonly crop: Crop | undefined;
  readonly marks: readonly string[];
  readonly isActive: boolean;
  readonly onChoose: () => void;
}

function Tile({ draft, picture, place, count, columns, word, crop, marks, isActive, onChoose }: TileShown) {
  const { original, caption, width, height } = picture;
  const lacks = word !== "" && caption !== "" && !hasWord(caption, word);
  const about = [original, words.size(width, height), crop && words.trainedAs(crop.width, crop.height)];
  const cell =
    columns === undefined ? undefined : `${Math.floor(place / columns) + 1} / ${(place % columns) + 1} / auto / auto`;
  const shown = [picture, crop, marks.join(), isActive, word, draft, place, count, columns];
  // typing in one caption renders only one tile
  return useMemo(
    () => (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the list handles the keys of its options
      <div
        class="tile"
        style={{ gridArea: cell }}
        role="option"
        title={original}
        aria-selected={isActive}
        aria-posinset={place + 1}
        aria-setsize={count}
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

/** Scrolls the list, not the page, until a tile is visible. */
function show(tile: HTMLElement): void {
  const list = tile.parentElement!;
  const [top, bottom] = [tile.offsetTop - list.offsetTop, tile.offsetTop - list.offsetTop + tile.offsetHeight];
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}
