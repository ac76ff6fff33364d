// What the reader does: search, filter, sort, open a row, turn a page, print.
const find = (id) => document.getElementById(id);
const table = find("rows"), body = table.tBodies[0], form = document.querySelector("form"), pager = document.querySelector(".pager");
const SORTABLE = list.cells.filter((cell) => cell.kind !== "reasons");
const order = { key: "rank", rising: true };
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
  const parts = rows.flatMap((row) => (row.open ? [drawLine(row), drawDetail(row)] : [drawLine(row)]));
  if (!parts.length) {
    const cell = make("td", "empty", list.rows.length ? "No row matches. Clear the search or a filter." : "Nothing is on this list today.");
    cell.colSpan = list.cells.length;
    parts.push(make("tr", "", cell));
  }
  body.replaceChildren(...parts);
}

function total(rows, key) {
  const amounts = rows.map((row) => row[key]).filter((amount) => amount !== null);
  return amounts.length ? dollars.format(amounts.reduce((sum, amount) => sum + amount, 0)) : UNKNOWN;
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
  find("shown").textContent = `${part}${counted(shown.length, list.words.line)}${all} · ${list.words.amount} ${total(shown, "amount")} · expected ${total(shown, "recovery")}`;
  find("page").textContent = `Page ${whole.format(page + 1)} of ${whole.format(pages)}`;
  find("previous").disabled = page === 0;
  find("next").disabled = page >= pages - 1;
}

function choose() {
  const wanted = Object.fromEntries(["search", "queue", "payer", "age", "deadline"].map((id) => [id, find(id).value]));
  shown = inOrder(matching(wanted), order.key, order.rising);
  page = 0;
  draw();
}

function sortBy(key) {
  const cell = list.cells.find((each) => each.key === key);
  order.rising = order.key === key ? !order.rising : !FALLING_FIRST.has(cell.kind);
  order.key = key;
  find("sort").value = key;
  drawHead();
  choose();
  const button = table.tHead.querySelector(`[data-sort="${key}"]`);
  if (button.offsetParent !== null) button.focus();
}

function toggle(line) {
  const row = list.rows[Number(line.dataset.at)];
  row.open = !row.open;
  if (line.nextElementSibling && line.nextElementSibling.classList.contains("detail")) line.nextElementSibling.remove();
  const fresh = drawLine(row);
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
find("sort").replaceChildren(...SORTABLE.map((cell) => new Option(cell.title, cell.key)));

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", (event) => { if (event.target.id !== "sort") choose(); });
form.addEventListener("reset", () => setTimeout(() => { find("sort").value = order.key; choose(); }));
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
window.addEventListener("beforeprint", () => draw(true));
window.addEventListener("afterprint", () => draw());

find("without-scripts").hidden = true;
form.hidden = table.hidden = pager.hidden = false;
drawHead();
choose();
