/**
 * The inspector's page: its structure. Everything that changes is put in by the script.
 *
 * @module
 */

/** The document. */
export const PAGE_HTML: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>freshlink</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<script type="module" src="/page.js"></script>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header>
  <h1>freshlink <span id="name">…</span></h1>
  <p id="identity"></p>
  <p id="summary" role="status">Loading …</p>
</header>
<main id="main">
  <section aria-labelledby="stories-title">
    <h2 id="stories-title">What happened</h2>
    <p id="no-stories">Nothing yet: no peer died and no connection gave way since this process
    started, as far as it remembers.</p>
    <ol id="stories"></ol>
  </section>
  <section aria-labelledby="map-title">
    <h2 id="map-title">Who is linked with whom</h2>
    <div id="map"></div>
    <p class="legend"><span class="up">── linked</span> <span class="closing">╌╌ closing, or
    silent</span> <span class="down">✕ no connection</span></p>
  </section>
  <section aria-labelledby="groups-title" id="groups-section" hidden>
    <h2 id="groups-title">Groups</h2>
    <p>A call to a group goes to one of its members: to one that is linked and has little to do, or
    to the one that its key belongs to.</p>
    <p class="narrow">The table goes on to the right.</p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="groups-title">
      <table><thead><tr><th scope="col">Member</th><th scope="col">Takes calls?</th>
      <th scope="col">Group</th><th scope="col" class="n">Calls open</th><th scope="col"
      class="n">Calls given</th><th scope="col" class="n">Share</th><th scope="col"
      class="n">Failed</th></tr></thead><tbody id="groups"></tbody></table>
    </div>
  </section>
  <section aria-labelledby="rows-title">
    <h2 id="rows-title">Connection table</h2>
    <p>One row for each connection. Of two to one peer, the one with the greater number is newer.
    An ended one stays here for ten seconds.</p>
    <p class="narrow">The table goes on to the right.</p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="rows-title">
      <table><thead><tr><th scope="col">Peer</th><th scope="col">Used?</th>
      <th scope="col" class="n">Number</th><th scope="col">Dialled</th><th scope="col">Other
      end</th><th scope="col">Process life</th><th scope="col">Since</th><th scope="col"
      class="n">Round trip</th><th scope="col" class="n">Calls open</th></tr></thead>
      <tbody id="rows"></tbody></table>
    </div>
  </section>
  <section aria-labelledby="peers-title">
    <h2 id="peers-title">Links</h2>
    <p>One row for each peer, whatever connection carries it. Calls wait while it has no connection,
    or has promised no more room.</p>
    <p class="narrow">The table goes on to the right.</p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="peers-title">
      <table><thead><tr><th scope="col">Peer</th><th scope="col">State</th><th scope="col">So for</th>
      <th scope="col" class="n">Calls open</th><th scope="col" class="n">Waiting</th>
      <th scope="col" class="n">May be sent</th><th scope="col">Last trouble</th><th
      scope="col">History</th></tr></thead><tbody id="peers"></tbody></table>
    </div>
    <p id="peers-more"></p>
  </section>
  <section aria-labelledby="services-title">
    <h2 id="services-title">Calls by service, the slowest first</h2>
    <p>Measured while this page is open; durations of the last two minutes at most.</p>
    <p class="narrow">The table goes on to the right.</p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="services-title">
      <table><thead><tr><th scope="col">Service</th><th scope="col">Side</th><th scope="col"
      class="n">Open</th><th scope="col" class="n">Ended</th><th scope="col" class="n">Failed</th>
      <th scope="col" class="n">Half within</th><th scope="col" class="n">99 % within</th><th
      scope="col" class="n">Longest</th></tr></thead><tbody id="services"></tbody></table>
    </div>
  </section>
  <section aria-labelledby="events-title">
    <h2 id="events-title">Events</h2>
    <form id="filter">
      <label>Only with this text <input id="filter-text" type="search" autocomplete="off"></label>
      <label>At least <select id="filter-level"><option value="debug">everything</option>
      <option value="info" selected>of interest</option><option value="warn">warnings</option>
      <option value="error">errors</option></select></label>
      <label><input id="filter-pause" type="checkbox"> Hold still</label>
    </form>
    <p id="events-count"></p>
    <div class="scroll tall" tabindex="0" role="region" aria-labelledby="events-title">
      <ol id="events"></ol>
    </div>
  </section>
</main>
<noscript>This page needs its script.</noscript>
</body>
</html>
`;
