/**
 * The part of the page's script that makes one story of the events of a failure: which machine, what
 * took over, what became of the calls.
 *
 * @module
 */

/** Uses what the rest of the script declares. */
export const STORIES_SCRIPT: string = String.raw`
/** Events of one peer belong to one story while they are not further apart, in microseconds. */
const STORY_GAP_MICROS = 15e6;
const STORIES_MAX = 12;

const stories = [];
/** Peers of which nothing is heard. */
const silent = new Set();
/** When connections came into use: of two that crossed at the start, one gives way at once. */
const usedSince = new Map();
const CROSSING_MICROS = 3e6;

function isCrossing(peer, identifier, atMicros) {
  return atMicros - (usedSince.get(peer + " " + identifier) || 0) < CROSSING_MICROS;
}

function storyOf(event, begins) {
  const last = stories.find((story) => story.peer === event.peer);
  const isSame = last !== undefined &&
    (last.ended === null || event.atMicros - last.ended < 1e6) &&
    event.atMicros - last.lastMicros < STORY_GAP_MICROS;
  if (isSame) return last;
  if (last !== undefined && last.ended === null) return last;
  if (!begins) return null;
  const story = {
    peer: event.peer, key: event.peer + " " + event.number, beganMicros: event.atMicros,
    lastMicros: event.atMicros, ended: null, newProcess: false, failed: 0, repeated: 0, replayed: 0,
    old: null, by: null, lost: false, closed: false, lines: [],
  };
  stories.unshift(story);
  stories.length = Math.min(stories.length, STORIES_MAX);
  return story;
}

/** What an event adds to the stories. */
function tellStory(event) {
  const { type, peer, details } = event;
  if (peer === null) return;
  if (type === "suspect") silent.add(peer);
  if (type === "connected" || type === "lost") silent.delete(peer);
  if (type === "connected") {
    usedSince.set(peer + " " + details.identifier, event.atMicros);
    if (usedSince.size > 5000) usedSince.delete(usedSince.keys().next().value);
  }
  const tookOver = type === "superseded" && !isCrossing(peer, details.identifier, event.atMicros);
  const begins = type === "suspect" || type === "lost" || type === "peer-restarted" || tookOver;
  if (!begins && type !== "connected" && type !== "superseded") return;
  const story = storyOf(event, begins);
  if (story === null) return;
  story.lastMicros = event.atMicros;
  story.lines.push(event);
  if (story.lines.length > 30) story.lines.shift();
  if (type === "lost") {
    story.lost = true;
    story.closed = details.reason === "closing";
    story.old = details.identifier;
  } else if (type === "superseded") {
    story.old = details.identifier;
    story.by = details.by;
    story.ended = story.ended || event.atMicros;
  } else if (type === "peer-restarted") {
    story.newProcess = true;
    story.failed += details.failed;
    story.repeated += details.repeated;
  } else if (type === "connected") {
    story.by = details.identifier;
    story.newProcess = story.newProcess || details.newProcess;
    story.replayed += details.replayedFrames;
    story.ended = event.atMicros;
  }
}

function headline(story) {
  const { peer } = story;
  if (story.ended === null && story.closed) return "– " + peer + " has closed in good order, and is away.";
  if (story.ended === null) {
    return story.lost ? "✕ " + peer + " is down: there is no connection to it."
      : "? " + peer + " is silent: nothing was heard of it for a while.";
  }
  if (story.newProcess && story.closed) return "✓ " + peer + " was closed in good order; its new process has taken over.";
  return story.newProcess
    ? "✕ " + peer + " died. ✓ Its new process has taken over."
    : "✓ " + peer + " lives: only the way to it broke, and another connection has taken over.";
}

function lookOf(story) {
  if (story.closed) return story.ended === null ? "closed" : "back";
  if (story.ended === null) return story.lost ? "down" : "silent";
  return story.newProcess ? "died" : "path";
}

function connectionText({ old, by }) {
  if (by === null) return old === null ? "" : "Connection " + old + " is gone.";
  if (old === null) return "Connection " + by + " is used now.";
  return "Connection " + old + " is gone; connection " + by + " is used in its place.";
}

function callsText(story) {
  if (story.ended === null) {
    return "Calls to it wait until their deadlines; calls to its group, if it has one, go to other members.";
  }
  const calls = (count) => count === 1 ? "1 call" : count + " calls";
  if (!story.newProcess) {
    return "No call was lost: " + story.replayed + " messages went again over the new connection, " +
      "each is handled once.";
  }
  const failed = story.failed === 0 ? "None failed."
    : calls(story.failed) + " failed, because the dead process may have executed them.";
  const repeated = story.repeated === 0 ? ""
    : " " + calls(story.repeated) + " that may be repeated (idempotent) went to the new process.";
  return "Calls: " + failed + repeated + " What had only been waiting went on.";
}

function showStories() {
  byId("no-stories").hidden = stories.length > 0;
  fill(byId("stories"), stories, (story) => story.key, (story) => {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = clock(story.beganMicros);
    const title = document.createElement("h3");
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = "Step by step";
    details.append(summary, document.createElement("ol"));
    item.append(time, title, document.createElement("p"), document.createElement("p"), details);
    return item;
  }, (item, story) => {
    style(item, lookOf(story));
    const [, title, connection, calls, details] = item.children;
    const tookMs = story.ended === null ? 0 : (story.ended - story.beganMicros) / 1000;
    const took = tookMs >= 1 ? " (" + duration(tookMs) + " after the first sign)" : "";
    write(title, headline(story) + took);
    write(connection, connectionText(story));
    write(calls, callsText(story));
    fill(details.lastChild, story.lines, (line) => line.number, eventLine, () => {});
  });
}
`;
