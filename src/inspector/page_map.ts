/**
 * The part of the page's script that draws who is linked with whom: a star of few, dots of many,
 * members of a group side by side.
 *
 * @module
 */

/** Uses what the rest of the script declares. */
export const MAP_SCRIPT: string = String.raw`
const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  return element;
}

function stateOf(peer) {
  return peer.state === "up" && silent.has(peer.peer) ? "closing" : peer.state;
}

function showMap(snapshot) {
  const map = byId("map");
  // Members of a group stand side by side.
  const peers = [...snapshot.peers].sort((a, b) =>
    (a.group || "") < (b.group || "") ? -1 : (a.group || "") > (b.group || "") ? 1 : 0);
  const key = (innerWidth < 640) + peers.map((peer) => peer.peer + stateOf(peer)).join(" ");
  if (map.key === key) return;
  map.key = key;
  const down = snapshot.peers.filter((peer) => peer.state === "down").map(({ peer }) => peer);
  const label = snapshot.name + " has " + snapshot.peers.length + " peers; " +
    (down.length === 0 ? "all are linked" : "no connection to " + down.slice(0, 20).join(", "));
  map.replaceChildren(peers.length > NODES_MAX ? dots(peers, label) : star(snapshot.name, peers, label));
}

/** A text of so many letters at most, without its middle: names of members differ at the end. */
function short(text, most) {
  if (text.length <= most) return text;
  const tail = Math.ceil((most - 1) / 2);
  return text.slice(0, most - 1 - tail) + "…" + text.slice(text.length - tail);
}

function star(name, peers, label) {
  // On a narrow screen the same letters need more of the width.
  const width = innerWidth < 640 ? 420 : 720;
  const isRow = peers.length < 3;
  const height = isRow ? 80 : 340;
  const [middle, centre] = [width / 2, height / 2];
  const svg = drawn("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": label });
  const placed = peers.map((peer, index) => {
    const angle = 2 * Math.PI * index / Math.max(2, peers.length) + (isRow ? 0 : -Math.PI / 2);
    const [across, up] = [middle - 68, centre - 34];
    return { peer, x: middle + across * Math.cos(angle), y: centre + up * Math.sin(angle) };
  });
  for (const { peer, x, y } of placed) {
    svg.append(drawn("line", { x1: middle, y1: centre, x2: x, y2: y, class: stateOf(peer) }));
  }
  const node = (name, group, x, y, state, word) => {
    const isMember = group !== null && name.startsWith(group + "/");
    const lines = isMember ? [group, name.slice(group.length + 1), word] : [name, word];
    const high = 13 + 17 * lines.length;
    svg.append(drawn("rect", { x: x - 64, y: y - high / 2, width: 128, height: high, rx: 8, class: "node " + state }));
    lines.forEach((line, index) => {
      const element = drawn("text", { x, y: y - high / 2 + 19 + 17 * index, class: state });
      element.textContent = short(line, 16);
      svg.append(element);
    });
  };
  node(name, null, middle, centre, "", "this process");
  for (const { peer, x, y } of placed) {
    const state = stateOf(peer);
    const word = state === "down" ? "✕ no connection" : state === "up" ? "linked"
      : silent.has(peer.peer) ? "? silent" : "closing";
    node(peer.peer, peer.group, x, y, state, word);
  }
  return svg;
}

function dots(peers, label) {
  const box = document.createElement("div");
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", label);
  let group;
  let some;
  for (const peer of peers) {
    if (some === undefined || peer.group !== group) {
      group = peer.group;
      const title = document.createElement("div");
      title.className = "group";
      title.textContent = group || "in no group";
      some = document.createElement("div");
      some.className = "many";
      box.append(title, some);
    }
    const dot = document.createElement("span");
    dot.className = "dot " + stateOf(peer);
    dot.title = peer.peer + ": " + peer.state;
    some.append(dot);
  }
  return box;
}
`;
