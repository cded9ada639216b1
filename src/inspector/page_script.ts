/**
 * The inspector's page: what it does. It asks for a snapshot, puts what has changed into the
 * document, and asks again when that is done, so it is never behind by more than one look.
 *
 * The script is a text here because browsers read no TypeScript and the package has no build step
 * for it. It writes texts only, never markup.
 *
 * @module
 */

import { MAP_SCRIPT } from "./page_map.ts";
import { STORIES_SCRIPT } from "./page_stories.ts";

const LOOK_SCRIPT = String.raw`
"use strict";

const GHOST_MS = 10000;
const ROWS_MAX = 150;
const EVENTS_MAX = 400;
const NODES_MAX = 40;
const LEVELS = ["debug", "info", "warn", "error"];

const byId = (id) => document.getElementById(id);
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const events = [];
/** Connections that have ended, for ten seconds: what the table shows beside the newer one. */
const ghosts = new Map();
const lastEvents = new Map();
let rowsBefore = new Map();
let next = 0;
let skipped = 0;
let eventsAreNew = true;

/** Sets a text only where it is another one: a screen reader and the layout are left alone. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function style(element, name) {
  if (element.className !== name) element.className = name;
}

const pad = (number, digits) => String(number).padStart(digits, "0");

function clock(micros) {
  const date = new Date(micros / 1000);
  return pad(date.getHours(), 2) + ":" + pad(date.getMinutes(), 2) + ":" +
    pad(date.getSeconds(), 2) + "." + pad(date.getMilliseconds(), 3);
}

function ago(micros, nowMicros) {
  const seconds = Math.max(0, Math.round((nowMicros - micros) / 1e6));
  if (seconds < 120) return seconds + " s";
  if (seconds < 7200) return Math.round(seconds / 60) + " min";
  return Math.round(seconds / 3600) + " h";
}

function millis(value) {
  if (value === null) return "–";
  return (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)) + " ms";
}

function duration(ms) {
  return ms < 1000 ? Math.round(ms) + " ms" : (ms / 1000).toFixed(1) + " s";
}

function bytes(value) {
  if (value === null) return "–";
  if (value < 10240) return value + " B";
  return value < 10485760 ? Math.round(value / 1024) + " KiB" : Math.round(value / 1048576) + " MiB";
}

/** Makes the children of an element those of a list: each has a key, and is kept while it is there. */
function fill(parent, items, keyOf, make, update) {
  const kept = parent.kept || (parent.kept = new Map());
  const seen = new Set();
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    if (seen.has(key)) continue;
    seen.add(key);
    let child = kept.get(key);
    if (child === undefined) {
      child = make(item);
      kept.set(key, child);
    }
    update(child, item);
    if (child === place) place = place.nextSibling;
    else parent.insertBefore(child, place);
  }
  for (const [key, child] of kept) {
    if (seen.has(key)) continue;
    child.remove();
    kept.delete(key);
  }
}

/** A row of cells; the first one names it. */
function makeRow(classes) {
  const row = document.createElement("tr");
  classes.forEach((name, index) => {
    const cell = document.createElement(index === 0 ? "th" : "td");
    if (index === 0) cell.scope = "row";
    if (name !== "") cell.className = name;
    row.append(cell);
  });
  return row;
}

function writeRow(row, texts) {
  texts.forEach((text, index) => write(row.children[index], text));
}

const ROW_CELLS = ["", "", "n", "", "", "", "", "n", "n"];

function showRows(snapshot) {
  const nowMs = performance.now();
  for (const [key, ghost] of ghosts) if (nowMs - ghost.sinceMs > GHOST_MS) ghosts.delete(key);
  const live = snapshot.rows.map((row) => ({ ...row, key: row.remoteAddress + row.peer + row.bootId }));
  // A row may outlive the word that its connection gave way: it is shown once.
  const stays = (row) => row.usable || !ghosts.has("ended " + row.peer + " " + row.identifier);
  const shown = [...live.filter(stays), ...[...ghosts.values()].map(({ row }) => row)];
  const several = new Set();
  const peers = new Set();
  for (const { peer } of shown) {
    if (peers.has(peer)) several.add(peer);
    peers.add(peer);
  }
  // Where there are many, those that are about to change come first.
  if (shown.length > ROWS_MAX) shown.sort((a, b) => several.has(b.peer) - several.has(a.peer));
  else shown.sort((a, b) => a.peer < b.peer ? -1 : a.peer > b.peer ? 1 : a.identifier - b.identifier);
  fill(byId("rows"), shown.slice(0, ROWS_MAX), (row) => row.key, () => makeRow(ROW_CELLS),
    (element, row) => {
      const state = row.ended !== undefined ? "ended" : row.usable ? "used" : "other";
      style(element, state);
      const use = state === "ended" ? "✕ ended" : state === "used" ? "● used" : "○ not used";
      writeRow(element, [
        row.peer, row.ended === undefined ? use : use + ": " + row.ended,
        row.identifier === 0 ? "not decided" : String(row.identifier),
        row.direction === "inbound" ? "by the peer" : row.direction === "outbound" ? "here" : "–",
        row.remoteAddress, row.bootId.slice(0, 8),
        row.establishedSeconds === undefined ? "–"
          : clock(row.establishedSeconds * 1e6 + row.establishedMicros),
        millis(row.roundTripMs), row.ended === undefined ? String(row.inFlight) : "–",
      ]);
    });
  rowsBefore = new Map(live.map((row) => [row.peer + " " + row.identifier, row]));
}

const STATES = { up: "● linked", closing: "◐ closing", down: "✕ no connection" };

function showPeers(snapshot) {
  const order = { down: 0, closing: 1, up: 2 };
  const peers = [...snapshot.peers];
  if (peers.length > ROWS_MAX) peers.sort((a, b) => order[a.state] - order[b.state]);
  fill(byId("peers"), peers.slice(0, ROWS_MAX), (peer) => peer.peer, () => {
    const row = makeRow(["", "", "", "n", "n", "n", "wide", "wide"]);
    const details = document.createElement("details");
    const list = document.createElement("ol");
    details.append(document.createElement("summary"), list);
    row.children[7].append(details);
    return row;
  }, (row, peer) => {
    style(row.children[1], peer.state);
    writeRow(row, [
      peer.peer, STATES[peer.state], ago(peer.sinceMicros, snapshot.atMicros),
      String(peer.inFlight), String(peer.waiting), bytes(peer.creditBytes), peer.lastError || "none",
    ]);
    const history = lastEvents.get(peer.peer) || [];
    const details = row.children[7].firstChild;
    write(details.firstChild, history.length === 0 ? "no events" : history.length === 1 ? "1 event" : history.length + " events");
    if (details.open) {
      fill(details.lastChild, history, (event) => event.number, eventLine, () => {});
    }
  });
  const more = peers.length - ROWS_MAX;
  write(byId("peers-more"), more > 0 ? more + " more are not shown here; all are in the drawing." : "");
}

function showGroups({ groups = [] }) {
  byId("groups-section").hidden = groups.length === 0;
  const members = groups.flatMap(({ name, members }) => {
    const given = members.reduce((sum, { calls }) => sum + calls, 0);
    return members.map((member) => ({ ...member, group: name, given }));
  });
  if (members.length > ROWS_MAX) members.sort((a, b) => b.calls - a.calls);
  fill(byId("groups"), members.slice(0, ROWS_MAX), ({ peer }) => peer,
    () => makeRow(["", "", "", "n", "n", "n", "n"]), (row, one) => {
      style(row.children[1], one.state);
      writeRow(row, [
        one.peer, one.state === "up" ? "● yes" : one.state === "closing" ? "◐ no: closing" : "✕ no",
        one.group, String(one.inFlight), String(one.calls),
        one.given === 0 ? "–" : Math.round(100 * one.calls / one.given) + " %", String(one.failedCalls),
      ]);
    });
}

function showServices({ services }) {
  const cells = ["", "", "n", "n", "n", "n", "n", "n"];
  fill(byId("services"), services, (one) => one.side + one.service, () => makeRow(cells),
    (row, one) => writeRow(row, [
      one.service, one.side === "calling" ? "asked from here" : "answered here", String(one.active),
      String(one.ended), String(one.failed), millis(one.p50Ms), millis(one.p99Ms), millis(one.maxMs),
    ]));
}

function eventLine(event) {
  const line = document.createElement("li");
  line.className = event.level;
  const time = document.createElement("time");
  time.textContent = clock(event.atMicros);
  const level = document.createElement("span");
  level.className = "level";
  level.textContent = event.level;
  line.append(time, level, " " + event.text);
  return line;
}

function showEvents() {
  if (byId("filter-pause").checked || !eventsAreNew) return;
  eventsAreNew = false;
  const text = byId("filter-text").value.toLowerCase();
  const least = LEVELS.indexOf(byId("filter-level").value);
  const fits = (event) => LEVELS.indexOf(event.level) >= least &&
    (text === "" || (event.text + " " + event.type).toLowerCase().includes(text));
  const shown = events.filter(fits).slice(-120).reverse();
  fill(byId("events"), shown, (event) => event.number, eventLine, () => {});
  write(byId("events-count"), shown.length + " shown, the newest first" +
    (skipped > 0 ? "; " + skipped + " came too fast to be kept" : ""));
}

function takeEvents(snapshot) {
  const [first] = snapshot.events;
  const firstNumber = first === undefined ? snapshot.nextEvent : first.number;
  if (snapshot.nextEvent < next) {
    // Another process answers now: its events count from 0.
    events.length = 0;
  } else if (next > 0 && firstNumber > next) skipped += firstNumber - next;
  for (const event of snapshot.events) {
    events.push(event);
    eventsAreNew = true;
    if (event.peer !== null) {
      const history = lastEvents.get(event.peer) || [];
      history.unshift(event);
      history.length = Math.min(history.length, 20);
      lastEvents.set(event.peer, history);
    }
    noteEnd(event);
    tellStory(event);
  }
  if (events.length > EVENTS_MAX) events.splice(0, events.length - EVENTS_MAX);
  next = snapshot.nextEvent;
}

/** A connection that has ended stays in the table for a while, so that one sees which gave way. */
function noteEnd({ type, peer, atMicros, details }) {
  if ((type !== "superseded" && type !== "lost") || Date.now() * 1000 - atMicros > GHOST_MS * 1000) return;
  if (type === "superseded" && isCrossing(peer, details.identifier, atMicros)) return;
  const before = rowsBefore.get(peer + " " + details.identifier) || {};
  const ended = type === "superseded" ? "gave way to " + details.by : String(details.reason);
  const key = "ended " + peer + " " + details.identifier;
  const row = {
    roundTripMs: null, direction: "", bootId: details.bootId || "", remoteAddress: details.remoteAddress || "",
    ...before, peer, identifier: details.identifier, ended, usable: false, key,
  };
  ghosts.set(key, { row, sinceMs: performance.now() });
  if (ghosts.size > 200) ghosts.delete(ghosts.keys().next().value);
}

function show(snapshot) {
  document.title = "freshlink " + snapshot.name;
  write(byId("name"), snapshot.name);
  write(byId("identity"), "Life " + snapshot.bootId.slice(0, 8) + ", listens on " +
    snapshot.address.hostname + ":" + snapshot.address.port + ", " + bytes(snapshot.traffic.sentBytes) +
    " sent, " + bytes(snapshot.traffic.receivedBytes) + " received");
  takeEvents(snapshot);
  showStories();
  showSummary(snapshot);
  showMap(snapshot);
  showRows(snapshot);
  showPeers(snapshot);
  showGroups(snapshot);
  showServices(snapshot);
  showEvents();
}

function showSummary({ peers, fenced }) {
  const down = peers.filter(({ state }) => state === "down").map(({ peer }) => peer);
  const quiet = [...silent].filter((peer) => !down.includes(peer));
  const names = (list) => list.slice(0, 5).join(", ") + (list.length > 5 ? " and " + (list.length - 5) + " more" : "");
  let text = "All " + peers.length + " peers are linked.";
  let look = "good";
  if (peers.length === 1) text = peers[0].peer + " is linked.";
  if (peers.length === 0) text = "No peers are defined.";
  if (quiet.length > 0) {
    text = "Nothing is heard from " + names(quiet) + "; a second connection is tried.";
    look = "warn";
  }
  if (down.length > 0) {
    text = "No connection to " + names(down) + ".";
    look = "bad";
  }
  if (fenced) {
    text = "Another process owns this name: this one has stopped for good.";
    look = "bad";
  }
  write(byId("summary"), text);
  style(byId("summary"), look);
}

async function look() {
  let waitMs = 250;
  try {
    const headers = token === null ? {} : { authorization: "Bearer " + token };
    const response = await fetch("/snapshot?since=" + next, { headers });
    if (!response.ok) throw new Error((await response.text()).slice(0, 200));
    const snapshot = await response.json();
    const startMs = performance.now();
    show(snapshot);
    // A large picture takes its time: most of it is left to whoever reads.
    waitMs = Math.max(waitMs, 5 * (performance.now() - startMs));
  } catch (error) {
    write(byId("summary"), "No picture: " + (error.message || error));
    style(byId("summary"), "bad");
    waitMs = 1000;
  }
  setTimeout(look, document.hidden ? 2000 : waitMs);
}

byId("filter").addEventListener("submit", (event) => event.preventDefault());
byId("filter").addEventListener("input", () => {
  eventsAreNew = true;
  showEvents();
});
look();
`;

/** The script, a module. */
export const PAGE_SCRIPT: string = STORIES_SCRIPT + MAP_SCRIPT + LOOK_SCRIPT;
