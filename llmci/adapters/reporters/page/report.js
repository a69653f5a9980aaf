(() => {
"use strict";
// Every text reaches the page as a text node. Nothing here builds HTML from strings.
const $ = id => document.getElementById(id);
const make = (tag, cls, ...children) => {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  node.append(...children.filter(child => child !== null && child !== undefined && child !== ""));
  return node;
};
const list = $("list"), rowsBox = $("rows"), detail = $("detail"), help = $("help");
const fields = { v: $("f-change"), slice: $("f-slice"), scorer: $("f-scorer"), q: $("f-text") };
const chunks = [...document.querySelectorAll("script.chunk")];
const CHUNK = 100, KEPT = 12;
const loaded = new Map(), haystacks = new Map();
let index, shown = [], selected = -1, rowHeight = 0, hits = null, searching = 0, opened = 0;

const inflate = node => {
  const bytes = Uint8Array.from(atob(node.textContent), character => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
};
const chunkOf = async number => {
  if (number >= chunks.length) return null;
  let found = loaded.get(number);
  if (!found) {
    found = await inflate(chunks[number]);
    if (loaded.size >= KEPT) loaded.delete(loaded.keys().next().value);
    loaded.set(number, found);
  }
  return found;
};

// --- words ------------------------------------------------------------------------------------
const count = number => number.toLocaleString("en");
const number = value => value === null || value === undefined ? "-" : String(+value.toPrecision(4));
const metricNamed = name => index.metrics.find(metric => metric.name === name);
const changeOf = (row, metric) => {
  if (!metric) return index.changes[row];
  const before = metric.values[0][row], after = metric.values[1][row];
  if (before === null || after === null) return 4;
  const gain = (after - before) * (metric.up ? 1 : -1);
  return gain < 0 ? 0 : gain > 0 ? 2 : 5;
};
const slicesOf = row => Object.entries(index.slices)
  .filter(([, column]) => column.codes[row] >= 0)
  .map(([label, column]) => [label, column.values[column.codes[row]]]);

// --- filters ----------------------------------------------------------------------------------
const option = (value, text) => { const node = make("option", "", text); node.value = value; return node; };
const escape = text => encodeURIComponent(text).replace(/~/g, "%7E");
const fillFilters = () => {
  index.marks.forEach(([sign, word], at) => fields.v.append(option(word.replace(/ /g, "-"), `${sign} ${word}`)));
  for (const [label, column] of Object.entries(index.slices)) {
    if (column.values.length > 200) continue;
    const group = make("optgroup");
    group.label = label;
    column.values.forEach(value => group.append(option(`${escape(label)}~${escape(value)}`, value)));
    fields.slice.append(group);
  }
  index.metrics.forEach(metric => fields.scorer.append(option(metric.name, metric.name)));
};
const filtered = () => {
  const metric = metricNamed(fields.scorer.value);
  const wanted = fields.v.value ? index.marks.findIndex(mark => mark[1].replace(/ /g, "-") === fields.v.value) : -1;
  const [label, value] = fields.slice.value ? fields.slice.value.split("~").map(decodeURIComponent) : [];
  const column = label === undefined ? null : index.slices[label];
  const code = column ? column.values.indexOf(value) : -1;
  const words = fields.q.value.trim().toLowerCase();
  const found = [];
  for (let row = 0; row < index.ids.length; row++) {
    if (wanted >= 0 && changeOf(row, metric) !== wanted) continue;
    if (column && column.codes[row] !== code) continue;
    if (words && !hits?.has(row) && !index.titles[row].toLowerCase().includes(words) && !index.ids[row].includes(words)) continue;
    found.push(row);
  }
  return found;
};
const refresh = keep => {
  const row = shown[selected];
  shown = filtered();
  selected = keep && row !== undefined ? shown.indexOf(row) : -1;
  $("found").textContent = `${count(shown.length)} of ${count(index.ids.length)} cases`;
  if (!keep) list.scrollTop = 0;
  draw();
};
// Titles are searched at once; the texts of all cases chunk by chunk, while results come in.
const search = async () => {
  const words = fields.q.value.trim().toLowerCase(), turn = ++searching;
  hits = words ? new Set() : null;
  refresh(false);
  if (!words) return;
  for (let at = 0; at < chunks.length && turn === searching; at++) {
    if (!haystacks.has(at)) haystacks.set(at, (await inflate(chunks[at])).map(texts));
    haystacks.get(at).forEach((hay, row) => { if (hay.includes(words)) hits.add(at * CHUNK + row); });
    if (turn === searching && (at % 20 === 19 || at === chunks.length - 1)) refresh(true);
  }
};
const texts = found => {
  const all = [];
  const walk = value => { if (typeof value === "string") all.push(value); else if (value && typeof value === "object") Object.values(value).forEach(walk); };
  walk(found);
  return all.join("\n").toLowerCase();
};

// --- the list ---------------------------------------------------------------------------------
// The first metric, or where that stood still, the first score that says why the case got better or worse.
const telling = row => {
  const says = metric => changeOf(row, metric) === index.changes[row];
  const [first, ...others] = index.metrics;
  if (!first || ![0, 2].includes(index.changes[row]) || says(first)) return first;
  return others.find(metric => ["binary", "graded"].includes(metric.kind) && says(metric)) || first;
};
const rowNode = at => {
  const row = shown[at], metric = metricNamed(fields.scorer.value) || telling(row);
  const [sign, word, tone] = index.marks[changeOf(row, metricNamed(fields.scorer.value))];
  const values = metric ? `${metric.name} ${number(metric.values[0][row])} → ${number(metric.values[1][row])}` : "";
  const title = make("div", "", make("span", `state ${tone}`, `${sign} ${word} `), index.titles[row] || index.ids[row]);
  title.dir = "auto";
  const node = make("div", "row", title,
    make("div", "meta", [values, ...slicesOf(row).map(([label, value]) => `${label}: ${value}`)].join(" · ")));
  node.id = `row-${at}`;
  node.setAttribute("role", "option");
  node.setAttribute("aria-posinset", at + 1);
  node.setAttribute("aria-setsize", shown.length);
  node.setAttribute("aria-selected", at === selected);
  node.addEventListener("click", () => { select(at); open(shown[at]).then(reveal); });
  return node;
};
const draw = () => {
  if (!rowHeight && shown.length) {
    rowsBox.replaceChildren(rowNode(0));
    rowHeight = rowsBox.firstChild.offsetHeight || 64;
  }
  rowsBox.style.height = `${Math.max(shown.length * rowHeight, 1)}px`;
  const first = Math.max(0, Math.floor(list.scrollTop / rowHeight) - 4);
  const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / rowHeight) + 9);
  const nodes = [];
  for (let at = first; at < last; at++) {
    const node = rowNode(at);
    node.style.transform = `translateY(${at * rowHeight}px)`;
    nodes.push(node);
  }
  rowsBox.replaceChildren(...nodes);
  if (selected >= first && selected < last) list.setAttribute("aria-activedescendant", `row-${selected}`);
  else list.removeAttribute("aria-activedescendant");
};
const select = at => {
  if (!shown.length) return;
  selected = Math.max(0, Math.min(shown.length - 1, at));
  const top = selected * rowHeight;
  if (top < list.scrollTop) list.scrollTop = top;
  if (top + rowHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + rowHeight - list.clientHeight;
  draw();
};

// --- one case ---------------------------------------------------------------------------------
const textBox = (text, parts) => {
  const node = make("div", "text", ...(parts || [text]));
  node.dir = "auto";
  if (text.length > 1000) {
    node.tabIndex = 0;
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", "long text");
  }
  return node;
};
const fold = (title, unfolded, ...children) => {
  const node = make("details", "", make("summary", "", title), ...children);
  node.open = unfolded;
  return node;
};
const turnNodes = turns => turns.map(([role, pieces]) => make("div", "turn", make("b", "", role),
  ...pieces.map(([kind, text]) => make("div", "", kind === "text" ? null : make("small", "", kind.replace("_", " ")), textBox(text)))));
const documentNodes = documents => documents.map(([id, text]) => make("div", "turn", make("b", "", id || "document"), textBox(text)));
const answerText = side => side && side.t !== undefined ? side.t : null;
const sideNode = (name, side, parts) => {
  const spent = side ? [
    side.l === undefined ? "" : side.l < 10 ? `${number(side.l)} ms` : side.l < 1e4 ? `${count(Math.round(side.l))} ms` : `${count(+(side.l / 1e3).toFixed(1))} s`, side.c === undefined ? "cost unknown" : `$${number(side.c)}`,
    side.i === undefined ? "" : `${count(side.i)} tokens in`, side.o === undefined ? "" : `${count(side.o)} out`, side.h ? "from the cache" : "",
  ].filter(Boolean).join(" · ") : "";
  return make("div", "", make("h4", "", name),
    answerText(side) === null ? make("p", "none", side ? side.y || "The text was left out." : "not asked") : textBox(side.t, parts),
    spent ? make("p", "fine", spent) : null,
    side?.m ? fold("Steps", false, ...turnNodes(side.m)) : null,
    side?.d ? fold(`Retrieved: ${side.d.length}`, false, ...documentNodes(side.d)) : null);
};
const cell = (tag, cls, text) => make(tag, cls, text);
const scoreTable = tried => {
  const [before, after] = tried.map(side => new Map((side?.s || []).map(score => [score[0], score])));
  const body = make("tbody");
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const head = cell("th", "", name), b = before.get(name), a = after.get(name);
    head.scope = "row";
    const reasons = [b?.[2] ? `${index.baseline}: ${b[2]}` : "", a?.[2] ? `${index.candidate}: ${a[2]}` : ""].filter(Boolean);
    body.append(make("tr", "", head, cell("td", "num", number(b?.[1])), cell("td", "num", number(a?.[1]))));
    if (!reasons.length) continue;
    const told = make("td", "told", ...reasons.map(reason => make("div", "", reason)));
    told.colSpan = 3;
    told.dir = "auto";
    body.append(make("tr", "", told));
  }
  if (!body.childElementCount) return null;
  const heads = ["score", index.baseline, index.candidate].map(text => { const node = cell("th", "", text); node.scope = "col"; return node; });
  return make("table", "scores", make("thead", "", make("tr", "", ...heads)), body);
};
const tryNodes = (tried, at, of) => {
  const [before, after] = tried;
  let left = null, right = null;
  if (answerText(before) !== null && answerText(after) !== null) {
    const runs = diff(before.t, after.t);
    const part = (own, tag) => {
      const joined = [];
      runs.forEach(([op, text]) => { if (op === 0 || op === own) push(joined, op, text); });
      return joined.map(([op, text]) => op === 0 ? text : make(tag, "", text));
    };
    left = part(-1, "del");
    right = part(1, "ins");
  }
  return [of > 1 ? make("h4", "", `Try ${at + 1} of ${of}`) : null,
    make("div", "sides", sideNode(index.baseline, before, left), sideNode(index.candidate, after, right)), scoreTable(tried)];
};
// What the case scored in earlier runs, oldest first.
const historyNode = values => {
  const [metric, runs] = index.past, body = make("tbody");
  runs.forEach(([when, system], at) => {
    const head = cell("th", "", when);
    head.scope = "row";
    body.append(make("tr", "", head, cell("td", "", system), cell("td", "num", number(values[at]))));
  });
  const heads = ["run", "system", metric].map(text => { const node = cell("th", "", text); node.scope = "col"; return node; });
  return fold("In earlier runs", false, make("table", "scores", make("thead", "", make("tr", "", ...heads)), body));
};
const button = (text, act) => {
  const node = make("button", "", text);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
};
const open = async row => {
  const turn = ++opened, [sign, word, tone] = index.marks[index.changes[row]];
  const title = make("h3", "", make("span", `tag ${tone}`, `${sign} ${word}`), " ", index.titles[row] || index.ids[row]);
  title.dir = "auto";
  write(row);
  const chunk = await chunkOf(Math.floor(row / CHUNK));
  if (turn !== opened) return;
  const found = chunk ? chunk[row % CHUNK] : null;
  const labels = make("p", "labels", ...[["id", index.ids[row]], ...slicesOf(row), ["share", found?.w === undefined ? "unknown" : `${number(found.w * 100)} %`], ...(found?.p ? [["must pass", "yes"]] : [])]
    .map(([label, value]) => make("span", "", `${label}: `, make("b", "", value))));
  const tries = found?.t || [];
  detail.replaceChildren(
    make("div", "bar", button("← Previous", () => step(-1)), button("Next →", () => step(1)), button("Back to the list", () => list.focus())),
    title, labels,
    ...(found ? [
      ...tries.flatMap((tried, at) => tryNodes(tried, at, tries.length)),
      found.r === undefined ? null : fold("Reference", true, textBox(found.r)),
      found.u === undefined ? null : fold("Rubric", false, textBox(found.u)),
      found.m ? fold("Conversation", true, ...turnNodes(found.m)) : null,
      found.h && index.past ? historyNode(found.h) : null,
      found.d ? fold(`Recorded documents: ${found.d.length}`, false, ...documentNodes(found.d)) : null,
      found.m ? yamlNode(row, found) : null,
    ] : [make("p", "none", "This file holds no text of this case; a Parquet or CSV report does.")]).filter(Boolean));
  detail.scrollTop = 0;
};
// On a narrow screen the case stands below the list.
const reveal = () => { if (detail.getBoundingClientRect().top > innerHeight - 160) detail.scrollIntoView({ block: "start" }); };
const step = by => { select(selected + by); if (shown.length) open(shown[selected]); };

// A case as `llmci evalset import` reads it. Every JSON string is a YAML string, too, so that no text can leave its place.
const yamlOf = (row, found) => {
  const text = JSON.stringify, lines = [`- key: ${text(index.ids[row])}`, "  messages:"];
  for (const [role, pieces] of found.m || []) {
    lines.push(`    - role: ${text(role)}`, `      content: ${text(pieces.filter(([kind]) => kind === "text").map(([, words]) => words).join("\n"))}`);
  }
  if (found.r !== undefined) lines.push(`  reference: ${text(found.r)}`);
  if (found.u !== undefined) lines.push(`  rubric: ${text(found.u)}`);
  if (slicesOf(row).length) lines.push(`  slices: ${text(Object.fromEntries(slicesOf(row)))}`);
  if (found.p) lines.push("  must_pass: true");
  return `${lines.join("\n")}\n`;
};
const yamlNode = (row, found) => {
  const box = make("textarea", "", yamlOf(row, found)), told = make("span", "fine");
  box.readOnly = true;
  box.rows = 8;
  box.spellcheck = false;
  box.setAttribute("aria-label", "the case as YAML");
  told.setAttribute("role", "status");
  return fold("As YAML, for llmci evalset import", false, make("p", "", button("Copy", async () => {
    box.select();
    // A sandboxed page may not write to the clipboard; the text is selected all the same.
    try { await navigator.clipboard.writeText(box.value); told.textContent = " copied"; } catch { told.textContent = " selected: press Ctrl+C"; }
  }), told), box);
};

// Words that one text has and the other has not: Myers (1986), An O(ND) difference algorithm.
const diff = (before, after) => {
  const tokens = text => text.match(/\s+|[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]/gu) || [];
  const a = tokens(before), b = tokens(after), runs = [];
  const add = (op, words) => { if (words.length) push(runs, op, words.join("")); };
  let start = 0, tail = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (tail < a.length - start && tail < b.length - start && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const x = a.slice(start, a.length - tail), y = b.slice(start, b.length - tail);
  add(0, a.slice(0, start));
  const script = myers(x, y);
  if (script) script.forEach(([op, word]) => add(op, [word]));
  else { add(-1, x); add(1, y); }
  add(0, tail ? a.slice(-tail) : []);
  // A blank between two changes is part of the change; else every word would be marked on its own.
  return runs.flatMap(([op, text], at) => op === 0 && !text.trim() && at && at < runs.length - 1 ? [[-1, text], [1, text]] : [[op, text]]);
};
const push = (runs, op, text) => {
  const last = runs[runs.length - 1];
  if (last && last[0] === op) last[1] += text;
  else runs.push([op, text]);
};
// Steps from x to y, or null where they differ in more than `most` words.
const myers = (x, y, most = 1200) => {
  const n = x.length, m = y.length, offset = Math.min(n + m, most) + 1, trace = [];
  let v = new Int32Array(2 * offset + 1);
  for (let d = 0; d <= Math.min(n + m, most); d++) {
    trace.push(v.slice(offset - d - 1, offset + d + 2));
    for (let k = -d; k <= d; k += 2) {
      let i = k === -d || (k !== d && v[offset + k - 1] < v[offset + k + 1]) ? v[offset + k + 1] : v[offset + k - 1] + 1;
      while (i < n && i - k < m && x[i] === y[i - k]) i++;
      v[offset + k] = i;
      if (i >= n && i - k >= m) return backwards(x, y, trace, d);
    }
  }
  return null;
};
const backwards = (x, y, trace, distance) => {
  const steps = [];
  let i = x.length, j = y.length;
  for (let d = distance; d >= 0; d--) {
    const v = trace[d], at = k => v[k + d + 1], k = i - j;
    const from = k === -d || (k !== d && at(k - 1) < at(k + 1)) ? k + 1 : k - 1;
    const wasI = d ? at(from) : 0, wasJ = d ? wasI - from : 0;
    while (i > wasI && j > wasJ && x[i - 1] === y[j - 1]) { steps.push([0, x[--i]]); j--; }
    if (d && i > wasI) steps.push([-1, x[--i]]);
    else if (d && j > wasJ) steps.push([1, y[--j]]);
  }
  return steps.reverse();
};

// --- the address ------------------------------------------------------------------------------
// "#case-<id>&v=worse&slice=app~retail&scorer=correct&q=words"
let written = "";
const write = row => {
  const parts = row === undefined ? [] : [`case-${encodeURIComponent(index.ids[row])}`];
  for (const [name, field] of Object.entries(fields)) {
    if (field.value) parts.push(`${name}=${name === "slice" ? field.value : encodeURIComponent(field.value)}`);
  }
  written = `#${parts.join("&")}`;
  // Some hosts forbid it; the page works all the same.
  try { history.replaceState(null, "", written); } catch { written = location.hash; }
};
const decoded = text => { try { return decodeURIComponent(text); } catch { return text; } };
const read = async () => {
  if (location.hash === written) return;
  written = location.hash;
  const parts = location.hash.slice(1).split("&");
  const named = new Map(parts.filter(part => part.includes("=")).map(part => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]));
  const wanted = parts[0].startsWith("case-") ? decoded(parts[0].slice(5)) : null;
  if (wanted === null && !named.size) return;
  for (const [name, field] of Object.entries(fields)) {
    const value = named.get(name) ?? "";
    field.value = name === "slice" ? value : decoded(value);
    if (field.selectedIndex === -1) field.value = "";
  }
  await search();
  if (wanted === null) { $("all").scrollIntoView(); return; }
  const row = index.ids.indexOf(wanted);
  if (row < 0) return;
  if (!shown.includes(row)) { $("filters").reset(); await search(); }
  select(shown.indexOf(row));
  await open(row);
  detail.scrollIntoView({ block: "start" });
};

// --- hands ------------------------------------------------------------------------------------
const pages = () => Math.max(1, Math.floor(list.clientHeight / rowHeight) - 1);
const moves = { ArrowDown: () => selected + 1, ArrowUp: () => selected - 1, PageDown: () => selected + pages(), PageUp: () => selected - pages(), Home: () => 0, End: () => shown.length - 1 };
const onKey = event => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape" && (typing || detail.contains(event.target))) { list.focus(); return; }
  if (typing) return;
  if (event.target === list && moves[event.key]) { event.preventDefault(); select(moves[event.key]()); return; }
  if (event.key === "Enter" && selected >= 0 && (event.target === list || event.target === document.body)) {
    event.preventDefault();
    open(shown[selected]).then(() => { detail.focus({ preventScroll: true }); reveal(); });
    return;
  }
  if (!$("keys-on").checked) return;
  const act = { j: () => { list.focus(); select(selected + 1); }, k: () => { list.focus(); select(selected - 1); },
    f: () => fields.q.focus(), "?": () => help.showModal() }[event.key];
  if (act) { event.preventDefault(); act(); }
};
const start = async () => {
  index = await inflate($("index"));
  $("explorer").hidden = false;
  $("explorer").prepend($("kept"));
  $("unscripted").hidden = true;
  fillFilters();
  refresh(false);
  let timer = 0, frame = 0;
  for (const name of ["v", "slice", "scorer"]) fields[name].addEventListener("change", () => { refresh(false); write(); });
  fields.q.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { search(); write(); }, 150); });
  $("filters").addEventListener("submit", event => event.preventDefault());
  $("filters").addEventListener("reset", () => setTimeout(() => { search(); write(); }));
  list.addEventListener("scroll", () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(draw); }, { passive: true });
  addEventListener("resize", () => { rowHeight = 0; draw(); });
  addEventListener("hashchange", read);
  document.addEventListener("keydown", onKey);
  $("keys").addEventListener("click", () => help.showModal());
  $("help-close").addEventListener("click", () => help.close());
  let closed = [];
  addEventListener("beforeprint", () => { closed = [...document.querySelectorAll("main details:not(#explorer details)")].filter(node => !node.open); closed.forEach(node => { node.open = true; }); });
  addEventListener("afterprint", () => closed.forEach(node => { node.open = false; }));
  await read();
  document.documentElement.dataset.ready = "";
};
start();
})();
