import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { RunRow } from "../../../runs/index.ts";
import { gone } from "../live/index.ts";
import { type Route, runAddress } from "../route.ts";
import { common as commonTexts } from "../texts/common.ts";
import { StateBadge } from "./run-state.tsx";

const screens = ["run", "compare", "use"] as const;

interface RunHeadProps {
  readonly run: RunRow;
  readonly screen: Extract<Route, { run: string }>["screen"];
  /** Shown after the name. */
  readonly children?: ComponentChildren;
}

/** The head of a screen about a run: its name, state, and links to its other screens. */
export function RunHead({ run, screen, children }: RunHeadProps) {
  useEffect(() => {
    const before = document.title;
    document.title = commonTexts.pageTitle(run.name);
    return () => {
      document.title = before;
    };
  }, [run.name]);
  return (
    <>
      <header class="screen-head">
        <div class="card-head">
          <h1>{run.name}</h1>
          <StateBadge state={run.state} />
          {children}
        </div>
        <nav class="tabs" aria-label={commonTexts.screensOf(run.name)}>
          {screens.map((one) => (
            <a key={one} href={runAddress(run.id, one)} {...(one === screen && { "aria-current": "page" })}>
              {commonTexts.screens[one]}
            </a>
          ))}
        </nav>
      </header>
      {gone.value.has(run.id) && (
        <div class="problem-box" role="alert">
          <p>
            <strong>{commonTexts.goneTitle}</strong>
          </p>
          <p>{commonTexts.gone}</p>
          <a href="/">{commonTexts.allRuns}</a>
        </div>
      )}
    </>
  );
}
