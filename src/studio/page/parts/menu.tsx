import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

interface MenuItem {
  /** Identifies the entry: its label may change while the menu is open, and it must keep the focus. */
  readonly id: string;
  readonly label: string;
  readonly run: () => void;
}

/** A button that opens a menu. id: of the button. */
export function Menu({
  id,
  label,
  title,
  items,
}: {
  id: string;
  label: string;
  title: string;
  items: readonly MenuItem[];
}) {
  const isOpen = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  const close = () => {
    isOpen.value = false;
  };
  useEffect(() => {
    if (!isOpen.value) return;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const leave = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) close();
    };
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, [isOpen.value]);
  const move = (event: KeyboardEvent) => {
    const all = [...box.current!.querySelectorAll<HTMLElement>("[role=menuitem]")];
    const now = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all.at(to % all.length)?.focus();
    if (event.key === "Escape") {
      close();
      document.getElementById(id)?.focus();
    }
    if (event.key === "Tab") close();
    else if (to !== undefined || event.key === "Escape") event.preventDefault();
  };
  return (
    <div ref={box} class="menu">
      <button
        id={id}
        type="button"
        aria-haspopup="menu"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        {label} <span aria-hidden="true">▾</span>
      </button>
      {isOpen.value && (
        <div role="menu" aria-label={title} tabIndex={-1} onKeyDown={move}>
          {items.map((item) => (
            <button
              key={item.id}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close();
                document.getElementById(id)?.focus();
                item.run();
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
