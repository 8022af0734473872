import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { common as commonTexts } from "../texts/common.ts";

/** A modal dialog. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} aria-label={title} onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="quiet" aria-label={commonTexts.close} onClick={onClose}>
          ×
        </button>
      </header>
      {children}
    </dialog>
  );
}
