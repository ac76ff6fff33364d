"use strict";
// Which rows to show, and in which order. Nothing here touches the page.
const list = JSON.parse(document.getElementById("data").textContent);
const URGENT_DAYS = 14;
const AGES = [["0–30 days", 0, 30], ["31–60 days", 31, 60], ["61–90 days", 61, 90], ["91–120 days", 91, 120],
  ["121–180 days", 121, 180], ["181–365 days", 181, 365], ["Over a year", 366, Infinity]];
const DEADLINES = [
  ["Past due", (row) => !row.filed && row.left !== null && row.left < 0],
  [`${URGENT_DAYS} days or fewer left`, (row) => !row.filed && row.left !== null && row.left >= 0 && row.left <= URGENT_DAYS],
  ["15 to 30 days left", (row) => !row.filed && row.left !== null && row.left > URGENT_DAYS && row.left <= 30],
  ["More than 30 days left", (row) => !row.filed && row.left !== null && row.left > 30],
  ["Appeal filed", (row) => row.filed],
  ["Assumed date", (row) => row.due !== null && row.assumed],
  ["No deadline", (row) => row.due === null],
];
const weekday = (new Date(list.asOf).getUTCDay() + 6) % 7; // Monday 0
const daysAhead = (iso) => Math.round((Date.parse(iso) - Date.parse(list.asOf)) / 86400000);
const WORK_DAYS = [
  ["Today", (row) => daysAhead(row.work) <= 0],
  ["Through Sunday", (row) => daysAhead(row.work) <= 6 - weekday],
  ["Later", (row) => daysAhead(row.work) > 6 - weekday],
];
const NO_PAYER = "No payer";
const FALLING_FIRST = new Set(["money", "chance", "days"]);
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

for (const row of list.rows) {
  row.payerNames = row.payers.length ? row.payers : [NO_PAYER];
  const accounts = row.accounts || [];
  row.searchText = [row.id, row.account, row.code, row.payerClass, row.queue, row.action, row.because, row.source, ...row.payers,
    ...row.reasons.map((reason) => reason[0]), ...accounts.map((account) => account.id)]
    .filter(Boolean).join("\n").toLowerCase();
}

function countBy(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) || 0) + 1);
  return [...counts].sort((a, b) => collator.compare(a[0], b[0]));
}

function matching(filters) {
  const words = filters.search.toLowerCase().split(/\s+/).filter(Boolean);
  const age = filters.age === "" ? null : AGES[Number(filters.age)];
  const due = filters.deadline === "" ? null : DEADLINES[Number(filters.deadline)][1];
  const work = !filters.work ? null : (WORK_DAYS[Number(filters.work)] || [null, (row) => row.work === filters.work])[1];
  return list.rows.filter((row) =>
    (filters.queue === "" || row.queue === filters.queue)
    && (filters.payer === "" || row.payerNames.includes(filters.payer))
    && (age === null || (row.age >= age[1] && row.age <= age[2]))
    && (due === null || due(row))
    && (work === null || work(row))
    && words.every((word) => row.searchText.includes(word)));
}

function inOrder(rows, key, rising) {
  const sign = rising ? 1 : -1;
  const unknown = (value) => value === null || value === undefined || value === "";
  return rows.slice().sort((a, b) => {
    const x = a[key], y = b[key];
    if (unknown(x) || unknown(y)) return (unknown(x) - unknown(y)) || a.rank - b.rank; // unknown comes last either way
    const by = typeof x === "number" ? x - y : collator.compare(x, y);
    return sign * by || a.rank - b.rank;
  });
}
