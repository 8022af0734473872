import { common as commonTexts } from "../texts/common.ts";
import { attempt, notify } from "./notices.tsx";

/** Copies a text. label: what it copies, for screen readers. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const copy = async (): Promise<void> => {
    if (await attempt(() => navigator.clipboard.writeText(text))) notify(commonTexts.copied);
  };
  return (
    <button type="button" class="quiet" aria-label={label} onClick={copy}>
      {commonTexts.copy}
    </button>
  );
}
