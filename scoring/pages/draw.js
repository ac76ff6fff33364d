// How a row looks. Text is always inserted as text, never as markup.
const UNKNOWN = "–";
const LEGEND = "Each bar starts where the previous one ends. Bars to the right raise the chance; bars to the left lower it. Bar lengths are on "
  + "the log-odds scale, where contributions add up exactly. Percentages do not add up, so only the start and the end show one.";
const ARROW = { up: "▲", down: "▼" };
const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const whole = new Intl.NumberFormat("en-US");
const dayName = new Intl.DateTimeFormat("en-US", { timeZone: "UTC", month: "short", day: "numeric", year: "numeric" });

const weekdayName = new Intl.DateTimeFormat("en-US", { timeZone: "UTC", weekday: "short", month: "short", day: "numeric" });

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}
const dayOfWeek = (iso) => weekdayName.format(new Date(`${iso}T00:00:00Z`));
const money = (value) => (value === null ? UNKNOWN : cents.format(value));
const day = (iso) => (iso === null ? UNKNOWN : dayName.format(new Date(`${iso}T00:00:00Z`)));
const days = (count) => `${whole.format(count)} ${count === 1 ? "day" : "days"}`;
const counted = (count, noun) => `${whole.format(count)} ${noun}${count === 1 ? "" : "s"}`;

function chance(share) {
  if (share === null) return UNKNOWN;
  if (share > 0 && share < 0.005) return "under 1%";
  if (share < 1 && share > 0.995) return "over 99%";
  return `${Math.round(share * 100)}%`;
}

function timeLeft(row) {
  if (row.left === null) return null;
  if (row.filed) return make("small", "", "Appeal filed, undecided");
  if (row.left < 0) return make("span", "tag soon", `${days(-row.left)} past due`);
  if (row.left === 0) return make("span", "tag soon", "Due today");
  if (row.left <= URGENT_DAYS) return make("span", "tag soon", `Due soon: ${days(row.left)} left`);
  return make("small", "", `${days(row.left)} left`);
}

function source(row) {
  if (row.due === null && !row.source) return null;
  if (!row.source) return make("small", "", "Source not stated");
  return make("small", "", row.assumed ? make("span", "tag soon", "Assumed date") : null, row.assumed ? " " : null, row.source);
}

function direction(amount) {
  const way = amount < 0 ? "down" : "up";
  return make("span", `arrow ${way}`, ARROW[way]);
}

function reasonLine([text, amount]) {
  const arrow = direction(amount);
  arrow.setAttribute("aria-hidden", "true");
  return make("span", "reason", arrow, make("span", "hidden", amount < 0 ? "Lowers: " : "Raises: "), text);
}

const cellOf = {
  rank: (row) => {
    const button = make("button", "toggle", row.open ? "▾" : "▸");
    button.type = "button";
    button.setAttribute("aria-expanded", String(Boolean(row.open)));
    button.setAttribute("aria-label", `Details of rank ${row.rank}, ${row.id}`);
    return [button, whole.format(row.rank)];
  },
  id: (row) => [row.id, row.accounts ? make("small", "", counted(row.accounts.length, "account")) : row.account ? make("small", "", `Account ${row.account}`) : null],
  payer: (row) => [row.payer || UNKNOWN, row.code ? make("small", "code", row.code) : null, make("small", "", row.payerClass)],
  action: (row) => [make("strong", "", row.action), " ", make("span", "tag", row.queue), make("small", "", row.because)],
  money: (row, key) => [row[key] === null ? UNKNOWN : dollars.format(row[key])],
  days: (row, key) => [whole.format(row[key])],
  chance: (row) => {
    const fill = make("i", "");
    fill.style.width = `${Math.round(row.chance * 100)}%`;
    const meter = make("span", "meter", fill);
    meter.setAttribute("aria-hidden", "true");
    return [chance(row.chance), meter];
  },
  deadline: (row) => [day(row.due), row.due === null ? null : make("br"), timeLeft(row), source(row)],
  date: (row, key) => [row[key] === null ? UNKNOWN : dayOfWeek(row[key])],
  reasons: (row) => (row.reasons.length ? row.reasons.slice(0, 2).map(reasonLine) : [UNKNOWN]),
};
const CLASS_OF = { money: "number", days: "number", chance: "number" };

function drawLine(row) {
  const line = make("tr", row.open ? "line open" : "line");
  line.setAttribute("role", "row");
  line.dataset.at = row.at;
  for (const cell of list.cells) {
    const box = make("td", `${cell.key} ${CLASS_OF[cell.kind] || ""}`, ...cellOf[cell.kind](row, cell.key));
    box.classList.toggle("none", cell.kind === "deadline" && row.due === null && !row.source);
    box.setAttribute("role", "cell");
    box.dataset.label = cell.title;
    line.append(box);
  }
  return line;
}

function strength(amount) {
  const verb = amount < 0 ? "Lowers" : "Raises";
  const size = Math.abs(amount);
  return size < 0.15 ? `${verb} slightly` : size < 0.5 ? verb : `${verb} strongly`;
}

// A waterfall: each bar starts where the previous one ends, on the log-odds scale of the score.
function waterfall(reasons, scale, ending) {
  const steps = reasons.map(([text, amount]) => ({ text, amount }));
  const from = scale ? scale[0] : 0;
  if (scale) {
    const rest = scale[1] - scale[0] - reasons.reduce((sum, reason) => sum + reason[1], 0);
    if (Math.abs(rest) > 0.005) steps.push({ text: "All other factors combined", amount: rest });
  }
  let at = from;
  for (const step of steps) {
    step.left = Math.min(at, at + step.amount);
    at += step.amount;
  }
  const ends = [from, at, ...steps.flatMap((step) => [step.left, step.left + Math.abs(step.amount)])];
  const low = Math.min(...ends), span = Math.max(...ends) - low || 1;
  const share = (value) => `${(98 * (value - low)) / span}%`;
  const row = (text, left, width, barClass, word, wordClass) => {
    const bar = make("i", barClass);
    bar.style.left = left;
    if (width) bar.style.width = width;
    const track = make("span", "track", bar);
    track.style.setProperty("--start", share(from));
    track.setAttribute("aria-hidden", "true");
    return make("li", barClass === "mark" ? "end" : "", make("span", "", text), track, make("span", `strength ${wordClass}`, word));
  };
  const rows = steps.map((step) => {
    const way = step.amount < 0 ? "down" : "up";
    return row(step.text, share(step.left), share(low + Math.abs(step.amount)), way, `${ARROW[way]} ${strength(step.amount)}`, way);
  });
  if (scale) {
    const baseline = list.baseline === null ? "Starting point of every score" : `Average ${list.labels.unit}: ${chance(list.baseline)}`;
    rows.unshift(row(baseline, share(from), "", "mark", "", ""));
    rows.push(row(ending, share(at), "", "mark", "", ""));
  }
  return make("ol", "steps", ...rows);
}

function facts(pairs) {
  return make("dl", "facts", ...pairs.filter(([, value]) => value !== null).flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
}

function accountsTable(accounts) {
  const titles = ["Account", "Payer", "Balance", "Age", "Chance", "Expected recovery", "Reasons"];
  const numbers = [false, false, true, true, true, true, false];
  const head = make("tr", "", ...titles.map((title, at) => {
    const cell = make("th", numbers[at] ? "number" : "", title);
    cell.scope = "col";
    return cell;
  }));
  const body = accounts.map((account) => {
    const why = make("details", "", make("summary", "", account.reasons.length ? account.reasons[0][0] : "No reasons available"),
      waterfall(account.reasons, account.scale, `This account: ${chance(account.chance)}`));
    const values = [account.id, account.payer || UNKNOWN, money(account.amount), days(account.age), chance(account.chance), money(account.recovery), why];
    return make("tr", "", ...values.map((value, at) => {
      const cell = make("td", numbers[at] ? "number" : "", value);
      cell.dataset.label = titles[at];
      return cell;
    }));
  });
  return make("table", "accounts", make("thead", "", head), make("tbody", "", ...body));
}

function drawDetail(row) {
  const baseline = row.scale && list.baseline !== null ? ` (average: ${chance(list.baseline)})` : "";
  const why = make("section", "", make("h3", "", `Why ${chance(row.chance)}${baseline}${row.lead ? `: lead account ${row.lead}` : ""}`),
    row.reasons.length ? waterfall(row.reasons, row.scale, `This ${list.labels.unit}: ${chance(row.chance)}`) : make("p", "quiet", "No reasons available for this row."),
    row.reasons.length ? make("p", "quiet legend", LEGEND) : null);
  const next = make("section", "", make("h3", "", "Next step"), facts([
    ["Next action", row.action], ["Reason", row.because || null], ["Queue", row.queue], ["Work day", row.work ? dayOfWeek(row.work) : null],
    ["Expected recovery", money(row.recovery)], ["Expected value", money(row.value)],
    ["Deadline", day(row.due)], ["Deadline source", row.due === null ? row.source || null : row.source || "Source not stated"],
  ]));
  const inside = make("div", "inside", why, next);
  if (row.accounts) inside.append(make("section", "wide", make("h3", "", "Accounts of this guarantor"), accountsTable(row.accounts)));
  const box = make("td", "", inside);
  box.colSpan = list.cells.length;
  box.setAttribute("role", "cell");
  const line = make("tr", "detail", box);
  line.setAttribute("role", "row");
  return line;
}
