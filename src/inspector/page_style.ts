/**
 * The inspector's page: how it looks, in light and dark, from 400 pixels on.
 *
 * @module
 */

/** The style sheet. */
export const PAGE_STYLE: string = `
:root {
  --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --raised: #f6f8fa;
  --good: #116329; --bad: #b3261e; --warn: #7a5300; --good-bg: #dafbe1; --bad-bg: #ffe5e3;
  --warn-bg: #fff3cd; --focus: #0550ae;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f1318; --ink: #e6edf3; --soft: #a0abb7; --line: #36404b; --raised: #1a2027;
    --good: #5bd477; --bad: #ff8f86; --warn: #e8bd52; --good-bg: #10301a; --bad-bg: #40191a;
    --warn-bg: #362a0b; --focus: #79b8ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere;
}
header, main { max-width: 1180px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 14px; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 26px 0 6px; }
h3 { font-size: 1rem; margin: 0; }
p { margin: 4px 0; color: var(--soft); }
#summary { font-size: 1.05rem; color: var(--ink); padding: 8px 12px; border-radius: 6px;
  background: var(--raised); border-left: 5px solid var(--line); }
#summary.good { border-color: var(--good); background: var(--good-bg); }
#summary.bad { border-color: var(--bad); background: var(--bad-bg); }
#summary.warn { border-color: var(--warn); background: var(--warn-bg); }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; background: var(--paper); padding: 6px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 1px; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
.tall { max-height: 340px; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 10px; border-bottom: 1px solid var(--line);
  white-space: nowrap; vertical-align: top; }
th { font-weight: 600; background: var(--raised); color: var(--soft); }
td.wide { white-space: normal; min-width: 220px; }
.n { text-align: right; }
code { font: 13px ui-monospace, monospace; }
.up, tr.used td:nth-child(2) { color: var(--good); }
.down, tr.ended td:nth-child(2) { color: var(--bad); }
.closing, tr.other td:nth-child(2) { color: var(--warn); }
tr.ended td { background: var(--bad-bg); } tr.used td { background: var(--good-bg); }
.up, .down, .closing, tbody td:nth-child(2) { font-weight: 600; }
ol { margin: 0; padding: 0; list-style: none; }
#stories > li { border: 1px solid var(--line); border-left-width: 5px; border-radius: 6px;
  padding: 8px 12px; margin: 8px 0; background: var(--raised); }
#stories > li.died, #stories > li.down { border-left-color: var(--bad); }
#stories > li.back { border-left-color: var(--good); }
#stories > li.path, #stories > li.silent { border-left-color: var(--warn); }
#stories > li { color: var(--ink); font-weight: 400; }
#stories p { color: var(--ink); }
#stories ol, #events { padding-left: 2px; }
#stories ol li, #events li { padding: 2px 10px 2px 0; }
#stories ol { color: var(--soft); font-size: .93rem; margin-top: 4px; }
time { font: 13px ui-monospace, monospace; color: var(--soft); margin-right: 8px; }
#events { padding: 4px 10px; }
#events .error { color: var(--bad); } #events .warn { color: var(--warn); }
#events .level { display: inline-block; width: 3.6em; font-weight: 600; }
form { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 6px 0; }
input, select { font: inherit; color: inherit; background: var(--paper); padding: 3px 6px;
  border: 1px solid var(--soft); border-radius: 4px; }
input[type="search"] { width: 13em; max-width: 100%; }
#map { border: 1px solid var(--line); border-radius: 6px; padding: 6px; }
#map svg { display: block; width: 100%; max-height: 330px; }
#map text { fill: var(--ink); font: 13px system-ui, sans-serif; text-anchor: middle; }
#map .node { fill: var(--raised); stroke: var(--soft); stroke-width: 1.5; }
#map .node.up { stroke: var(--good); } #map .node.closing { stroke: var(--warn); }
#map .node.down { stroke: var(--bad); stroke-width: 3; fill: var(--bad-bg); }
#map text.down { fill: var(--bad); font-weight: 700; }
#map line.up { stroke: var(--good); stroke-width: 3; }
#map line.closing { stroke: var(--warn); stroke-width: 3; stroke-dasharray: 7 5; }
#map line.down { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 2 7; }
#map .many { display: flex; flex-wrap: wrap; gap: 3px; }
#map .dot { width: 12px; height: 12px; border-radius: 3px; background: var(--good); }
#map .dot.closing { background: var(--warn); }
#map .dot.down { background: var(--bad); outline: 2px solid var(--bad); }
.legend span { margin-right: 14px; white-space: nowrap; display: inline-block; }
.narrow { display: none; }
#map .group { color: var(--soft);  font-size: .85rem; margin: 6px 0 2px; }
details summary { cursor: pointer; }
@media (max-width: 640px) {
  header, main { padding: 0 10px; }
  th, td { padding: 5px 7px; }
  .narrow { display: block; font-size: .85rem; }
}
@media (prefers-reduced-motion: no-preference) { tr { transition: background .4s; } }
`;
