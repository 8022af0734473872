import "uplot/dist/uPlot.min.css";
import "./style.css";
import "./screens/new-word/new-word.css";
import "./screens/run/run.css";
import { useSignal } from "@preact/signals";
import { render } from "preact";
import { bindings, listenForKeys, useKeys } from "./keys.ts";
import { connection, disk, meetStudio, studio } from "./live/index.ts";
import { Dialog } from "./parts/dialog.tsx";
import { bytesText, timeText } from "./parts/format.ts";
import { later } from "./parts/later.tsx";
import { Notices, ProblemBox } from "./parts/notices.tsx";
import { followLinks, go, type Route, route } from "./route.ts";
import { common as words } from "./texts/common.ts";

// each screen is a script of its own, so that the first one loads quickly
const RunsScreen = later(async () => (await import("./screens/runs/index.ts")).RunsScreen);
const NewWordScreen = later(async () => (await import("./screens/new-word/index.ts")).NewWordScreen);
const RunScreen = later(async () => (await import("./screens/run/index.ts")).RunScreen);
const CompareScreen = later(async () => (await import("./screens/compare/index.ts")).CompareScreen);
const UseScreen = later(async () => (await import("./screens/use/index.ts")).UseScreen);

function Page() {
  const isShowingKeys = useSignal(false);
  useKeys([
    { keys: "n", does: words.newWord, run: () => go("/new") },
    { keys: "g r", does: words.allRuns, run: () => go("/") },
    {
      keys: "?",
      does: words.showKeys,
      run: () => {
        isShowingKeys.value = true;
      },
    },
  ]);
  return (
    <>
      <a class="skip" href="#main">
        {words.skip}
      </a>
      <header class="top">
        <a class="brand" href="/">
          {words.title}
        </a>
        <nav>
          <a href="/">{words.allRuns}</a>
          <a class="button primary" href="/new">
            + {words.newWord}
          </a>
        </nav>
      </header>
      <ConnectionBar />
      <DiskBar />
      <main id="main" tabIndex={-1}>
        <Current />
      </main>
      <Notices />
      {isShowingKeys.value && (
        <Dialog
          title={words.keys}
          onClose={() => {
            isShowingKeys.value = false;
          }}
        >
          <KeyList />
        </Dialog>
      )}
    </>
  );
}

function KeyList() {
  const keysOf = new Map<string, readonly string[]>();
  for (const { keys, does } of bindings.value) keysOf.set(does, [...(keysOf.get(does) ?? []), keys]);
  return (
    <dl class="keys">
      {[...keysOf].map(([does, all]) => (
        <div key={does}>
          <dt>
            <Keys keys={all[0]!} />
            {all.length > 1 && (
              <>
                – <Keys keys={all.at(-1)!} />
              </>
            )}
          </dt>
          <dd>{does}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Keys pressed one after the other. */
function Keys({ keys }: { keys: string }) {
  const each = keys === " " ? [words.space] : keys.split(" ");
  return (
    <>
      {each.map((key) => (
        <kbd key={key}>{key.length === 1 ? key.toUpperCase() : key.replace("Arrow", "")}</kbd>
      ))}
    </>
  );
}

function ConnectionBar() {
  const now = connection.value;
  if (now.state === "lost")
    return (
      <p class="connection" role="status">
        {words.lost(timeText(now.since))}
      </p>
    );
  if (now.state !== "refused") return null;
  return (
    <p class="connection" role="alert">
      {words.keyChanged}{" "}
      <button type="button" onClick={() => location.reload()}>
        {words.loadAgain}
      </button>
    </p>
  );
}

function DiskBar() {
  const short = disk.value;
  if (!short) return null;
  return (
    <p class="connection" role="alert">
      {words.diskShort(bytesText(short.freeBytes), bytesText(short.leaveBytes))}
    </p>
  );
}

function Current() {
  const state = studio.value;
  if (!state) return <p class="faint">{words.loading}</p>;
  if ("problem" in state && state.problem.code === "KEY_MISSING")
    return <Plain title={words.refusedTitle} text={words.refused} />;
  if ("problem" in state) return <ProblemBox problem={state.problem} />;
  return <Screen route={route.value} />;
}

function Screen({ route }: { route: Route }) {
  if (route.screen === "runs") return <RunsScreen />;
  if (route.screen === "compare") return <CompareScreen key={route.run} id={route.run} />;
  if (route.screen === "use") return <UseScreen key={route.run} id={route.run} />;
  if (route.screen === "new") return <NewWordScreen />;
  if (route.screen === "run") return <RunScreen key={route.run} id={route.run} />;
  return <Plain title={words.unknownTitle} text={words.unknown} />;
}

function Plain({ title, text }: { title: string; text: string }) {
  return (
    <section class="hero">
      <h1>{title}</h1>
      <p>{text}</p>
    </section>
  );
}

function start(): void {
  followLinks();
  listenForKeys();
  render(<Page />, document.getElementById("page")!);
  meetStudio();
}

start();
