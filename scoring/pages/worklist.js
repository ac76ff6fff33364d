// User actions: search, filter, sort, open a row, change pages, print.
const find = (id) => document.getElementById(id);
const table = find("rows"), body = table.tBodies[0], form = document.querySelector("form"), pager = document.querySelector(".pager");
const SORTABLE = list.cells.filter((cell) => cell.kind !== "reasons");
const order = { key: "rank", rising: true };
const FILTERS = ["search", "queue", "payer", "age", "deadline", "work"].filter((id) => find(id));
let page = 0;
let shown = [];
list.rows.forEach((row, at) => { row.at = at; });

function offer(select, options, all) {
  select.replaceChildren(...[["", all], ...options].map(([value, text]) => new Option(text, value)));
}

function drawHead() {
  const cells = list.cells.map((cell) => {
    const head = make("th", `${cell.key} ${CLASS_OF[cell.kind] || ""}`);
    head.scope = "col";
    head.setAttribute("role", "columnheader");
    if (!SORTABLE.includes(cell)) {
      head.append(make("span", "plain", cell.title));
      return head;
    }
    const sorted = order.key === cell.key;
    head.setAttribute("aria-sort", sorted ? (order.rising ? "ascending" : "descending") : "none");
    const mark = make("span", "", sorted ? (order.rising ? "▴" : "▾") : "");
    mark.setAttribute("aria-hidden", "true");
    const button = make("button", "", cell.title, " ", mark);
    button.type = "button";
    button.dataset.sort = cell.key;
    head.append(button);
    return head;
  });
  const line = make("tr", "", ...cells);
  line.setAttribute("role", "row");
  table.tHead.replaceChildren(line);
}

function drawRows(rows) {
  const grouped = order.key === "work";
  const parts = rows.flatMap((row, at) => [
    ...(grouped && (at === 0 || rows[at - 1].work !== row.work) ? [drawDay(row.work)] : []),
    row.line || (row.line = drawLine(row)), // reused: a row looks the same on every page
    ...(row.open ? [drawDetail(row)] : []),
  ]);
  if (!parts.length) {
    const cell = make("td", "empty", list.rows.length ? "No matching rows. Clear the search or a filter." : "This list is empty today.");
    cell.colSpan = list.cells.length;
    parts.push(make("tr", "", cell));
  }
  if (parts.length === body.rows.length && parts.every((part, at) => part === body.rows[at])) return;
  body.replaceChildren(...parts);
}

function total(rows, key) {
  const amounts = rows.map((row) => row[key]).filter((amount) => amount !== null);
  return amounts.length ? dollars.format(amounts.reduce((sum, amount) => sum + amount, 0)) : UNKNOWN;
}

function drawDay(iso) {
  const rows = shown.filter((row) => row.work === iso);
  const cell = make("td", "", make("strong", "", dayOfWeek(iso)),
    ` · ${counted(rows.length, list.labels.line)} · ${list.labels.amount} ${total(rows, "amount")} · expected recovery ${total(rows, "recovery")}`);
  cell.colSpan = list.cells.length;
  cell.setAttribute("role", "cell");
  const line = make("tr", "day", cell);
  line.setAttribute("role", "row");
  return line;
}

function draw(everything = false) {
  const size = everything ? Math.max(shown.length, 1) : Number(find("size").value);
  const pages = Math.max(1, Math.ceil(shown.length / size));
  if (!everything) page = Math.min(page, pages - 1);
  const first = everything ? 0 : page * size;
  const rows = shown.slice(first, first + size);
  drawRows(rows);
  const part = rows.length ? `Showing ${whole.format(first + 1)} to ${whole.format(first + rows.length)} of ` : "";
  const all = shown.length === list.rows.length ? "" : ` (of ${whole.format(list.rows.length)} listed)`;
  find("shown").textContent = `${part}${counted(shown.length, list.labels.line)}${all} · ${list.labels.amount} ${total(shown, "amount")} · expected recovery ${total(shown, "recovery")}`;
  find("page").textContent = `Page ${whole.format(page + 1)} of ${whole.format(pages)}`;
  find("previous").disabled = page === 0;
  find("next").disabled = page >= pages - 1;
}

function applyFilters() {
  const filters = Object.fromEntries(FILTERS.map((id) => [id, find(id).value]));
  shown = inOrder(matching(filters), order.key, order.rising);
  page = 0;
  draw();
}

function sortBy(key) {
  const cell = list.cells.find((each) => each.key === key);
  order.rising = order.key === key ? !order.rising : !FALLING_FIRST.has(cell.kind);
  order.key = key;
  find("sort").value = key;
  drawHead();
  applyFilters();
  const button = table.tHead.querySelector(`[data-sort="${key}"]`);
  if (button.offsetParent !== null) button.focus();
}

function toggle(line) {
  const row = list.rows[Number(line.dataset.at)];
  row.open = !row.open;
  if (line.nextElementSibling && line.nextElementSibling.classList.contains("detail")) line.nextElementSibling.remove();
  const fresh = drawLine(row);
  row.line = fresh;
  line.replaceWith(fresh);
  if (row.open) fresh.after(drawDetail(row));
  fresh.querySelector(".toggle").focus({ preventScroll: true });
}

function turn(by) {
  page += by;
  draw();
  table.scrollIntoView({ block: "start" });
}

offer(find("queue"), countBy(list.rows.map((row) => row.queue)).map(([name, count]) => [name, `${name} (${whole.format(count)})`]), "All queues");
offer(find("payer"), countBy(list.rows.flatMap((row) => row.payerNames)).map(([name, count]) => [name, `${name} (${whole.format(count)})`]), "All payers");
offer(find("age"), AGES.map(([name], at) => [at, name]), "Any age");
offer(find("deadline"), DEADLINES.map(([name], at) => [at, name]), "Any deadline");
if (find("work")) {
  const days = countBy(list.rows.map((row) => row.work)).map(([iso, count]) => [iso, `${dayOfWeek(iso)} (${whole.format(count)})`]);
  const spans = WORK_DAYS.map(([name, holds], at) => [at, `${name} (${whole.format(list.rows.filter(holds).length)})`]);
  offer(find("work"), [...spans, ...days], "Any day");
}
find("sort").replaceChildren(...SORTABLE.map((cell) => new Option(cell.title, cell.key)));

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", (event) => { if (event.target.id !== "sort") applyFilters(); });
form.addEventListener("reset", () => setTimeout(() => { find("sort").value = order.key; applyFilters(); }));
find("sort").addEventListener("change", (event) => sortBy(event.target.value));
find("size").addEventListener("change", () => { page = 0; draw(); });
find("previous").addEventListener("click", () => turn(-1));
find("next").addEventListener("click", () => turn(1));
find("print").addEventListener("click", () => window.print());
table.tHead.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) sortBy(button.dataset.sort);
});
body.addEventListener("click", (event) => {
  const line = event.target.closest("tr.line");
  if (line && (event.target.closest(".toggle") || String(window.getSelection()) === "")) toggle(line);
});
body.addEventListener("keydown", (event) => {
  const line = event.target.closest("tr.line, tr.detail");
  if (event.key === "Escape" && line) {
    const opened = line.classList.contains("detail") ? line.previousElementSibling : line;
    if (opened.classList.contains("open")) toggle(opened);
  }
  if (!event.target.classList.contains("toggle")) return;
  const toggles = [...body.querySelectorAll(".toggle")];
  const at = toggles.indexOf(event.target);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: toggles.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  if (toggles[next]) toggles[next].focus();
  else if (next < 0) find("search").focus();
});
find("search").addEventListener("keydown", (event) => {
  const first = body.querySelector(".toggle");
  if (event.key !== "ArrowDown" || !first) return;
  event.preventDefault();
  first.focus();
});
window.addEventListener("beforeprint", () => draw(true));
window.addEventListener("afterprint", () => draw());

find("without-scripts").hidden = true;
form.hidden = table.hidden = pager.hidden = find("keys").hidden = false;
drawHead();
applyFilters();
