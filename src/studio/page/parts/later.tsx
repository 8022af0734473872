import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { Problem } from "../../http/problems.ts";
import { problemIn } from "../live/index.ts";
import { common as commonTexts } from "../texts/common.ts";
import { ProblemBox } from "./notices.tsx";

type Loaded<Props> = { readonly Component: ComponentType<Props> } | { readonly problem: Problem } | undefined;

/** A component whose script loads when it is first shown. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const loaded = signal<Loaded<Props>>(undefined);
  let isLoading = false;
  const begin = async (): Promise<void> => {
    isLoading = true;
    try {
      loaded.value = { Component: await load() };
    } catch (error) {
      loaded.value = { problem: { ...problemIn(error), hint: commonTexts.reload } };
    }
  };
  return (props) => {
    if (!isLoading) begin();
    const now = loaded.value;
    if (!now) return <p class="faint">{commonTexts.loading}</p>;
    if ("problem" in now) return <ProblemBox problem={now.problem} />;
    return <now.Component {...props} />;
  };
}
