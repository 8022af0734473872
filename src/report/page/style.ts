import { Html } from "./html.ts";

/** The style of a report: light and dark, for widths from 320 pixels. Contrast of text is at least 4.5 to 1 (WCAG 2.2 AA). */
export const reportStyle = new Html(`
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --ink: #1f1d1a; --soft: #625d54; --rule: #e4dfd5; --card: #f4f1ea;
  --accent: #0a6c63; --accent-soft: #0a6c6326; --faint: #8fb5b0; --level: #9a8c78;
  --good: #17663a; --fair: #7c5a00; --bad: #a02f22;
  --sans: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", "URW Palladio L", Georgia, serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #151618; --ink: #eae6df; --soft: #a9a399; --rule: #33343a; --card: #1f2024;
    --accent: #6fd0c5; --accent-soft: #6fd0c52e; --faint: #4b7f79; --level: #a4967f;
    --good: #7fd6a0; --fair: #e6bf5c; --bad: #f29a8c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: clamp(1.25rem, 4vw, 3.5rem) clamp(1rem, 4vw, 3rem) 4rem; max-width: 70rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.55 var(--sans); overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3 { line-height: 1.2; text-wrap: balance; }
h1 { margin: 0; font: 600 clamp(2.1rem, 6vw, 3.4rem)/1.05 var(--serif); letter-spacing: -.015em; }
h2 { margin: 0 0 1rem; font: 600 1.5rem/1.2 var(--serif); }
h3 { margin: 1.75rem 0 .5rem; font-size: 1rem; }
p { margin: .5rem 0; }
small { font-size: .85em; color: var(--soft); }
section { margin-top: clamp(2rem, 5vw, 3.25rem); }
header p { margin: .5rem 0 0; color: var(--soft); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.note { color: var(--soft); max-width: 48rem; }
code { font: .88em/1.5 var(--mono); }
code.command, pre { display: block; margin: .5rem 0; padding: .65rem .85rem; background: var(--card); border-radius: .4rem; color: var(--ink); white-space: pre-wrap; }

.strip { display: grid; gap: 1.75rem; }
.row { margin: 0; }
.row figcaption { margin-bottom: .6rem; font: italic 1.1rem/1.35 var(--serif); }
.row figcaption small { font: .8rem var(--sans); margin-left: .35rem; white-space: nowrap; }
.row ol { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); gap: .75rem; margin: 0; padding: 0; list-style: none; }
.row img, .row .empty { display: block; width: 100%; height: auto; border-radius: .35rem; background: var(--card); }
.row .empty { display: grid; place-items: center; border: 1px dashed var(--level); color: var(--soft); font-size: .8rem; }
.row .label { display: block; margin-top: .35rem; font-size: .88rem; line-height: 1.3; }
.row .label small { display: block; }
.row .best .label, .row .last .label { font-weight: 600; }
.row .label small { font-weight: 400; }
@media (max-width: 34rem) {
  .row ol { grid-template-columns: repeat(auto-fill, minmax(5.75rem, 1fr)); }
}

.verdict { border-left: .3rem solid var(--tone); padding: .1rem 0 .1rem clamp(.9rem, 3vw, 1.5rem); max-width: 52rem; }
.verdict h2 { margin: 0 0 .25rem; font: 600 .85rem/1.4 var(--sans); color: var(--tone); letter-spacing: .02em; }
.verdict p { margin: 0; font: clamp(1.2rem, 3vw, 1.5rem)/1.4 var(--serif); text-wrap: pretty; }
.learned { --tone: var(--good); } .weak, .overfit { --tone: var(--fair); } .nothing { --tone: var(--bad); } .unmeasured { --tone: var(--soft); }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 2.25rem 3rem; }
.chart { margin: 0; min-width: 0; }
.chart.wide { grid-column: 1 / -1; }
.chart h3 { margin: 0; }
.chart figcaption p { margin: .15rem 0 0; font-size: .9rem; color: var(--soft); max-width: 44rem; }
.plot { position: relative; height: 12rem; margin: 1.1rem .75rem 1.6rem 3.25rem; }
.wide .plot { height: 16rem; }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.plot path, .plot polyline { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
.rule { stroke: var(--rule); stroke-width: 1; }
.strong { stroke: var(--accent); stroke-width: 2.25; }
.faint { stroke: var(--faint); stroke-width: 1; opacity: .7; }
.band { fill: var(--accent-soft); }
.level { stroke: var(--level); stroke-width: 1.25; stroke-dasharray: 5 4; }
.plot span { position: absolute; font-size: .78rem; line-height: 1; color: var(--soft); white-space: nowrap; }
.plot .y { right: calc(100% + .6rem); transform: translateY(-50%); }
.plot .x { top: calc(100% + .6rem); transform: translateX(-50%); }
.plot .dot { width: .65rem; height: .65rem; border-radius: 50%; background: var(--accent); border: 2px solid var(--paper); transform: translate(-50%, -50%); }
.plot .tag { transform: translateY(calc(-100% - .5rem)); padding: .1rem .25rem; background: var(--paper); border-radius: .2rem; color: var(--ink); }
.axis { margin: -.35rem .75rem 0 0; text-align: right; font-size: .78rem; color: var(--soft); }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .93rem; }
th { font-weight: 600; text-align: left; }
th, td { padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--rule); vertical-align: baseline; }
.scroll table { overflow-wrap: normal; }
.scroll th, .scroll td:not(.text) { white-space: nowrap; }
.scroll .text { min-width: 9rem; }
.scroll code { white-space: nowrap; }
.facts { width: 100%; }
.facts th { width: 12rem; color: var(--soft); font-weight: 400; }
.facts ul { margin: 0; padding: 0; list-style: none; }
@media (max-width: 34rem) {
  .facts th, .facts td { display: block; width: auto; padding-right: 0; }
  .facts th { border: 0; padding-bottom: 0; font-size: .85rem; }
}
details { margin-top: 1.5rem; }
summary { cursor: pointer; font-weight: 600; }
.warnings { padding-left: 1.1rem; }
footer { margin-top: 3rem; font-size: .85rem; color: var(--soft); }
@media print { .scroll { overflow: visible; } section { break-inside: avoid; } }
`);
