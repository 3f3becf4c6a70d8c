"use strict";
// The page reads well without this. It adds the controls, and takes everything from the table.
(() => {
  const table = document.querySelector(".agents");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({
    row,
    kind: row.dataset.kind,
    campaign: row.dataset.campaign,
    keys: Array.from(row.cells, (cell) => cell.dataset.key ?? cell.textContent.trim()),
    text: row.textContent.toLocaleLowerCase(),
  }));
  const tools = document.querySelector(".tools");
  const [search, campaign, sorting] = ["search", "campaign", "sorting"].map((id) => document.getElementById(id));
  const buttons = Array.from(tools.querySelectorAll("[data-kinds]"));
  const shown = document.getElementById("shown");
  const empty = document.querySelector(".empty");
  const heads = Array.from(table.tHead.rows[0].cells);
  const order = new Intl.Collator(undefined, { numeric: true }).compare;
  let kinds = "";

  function filter() {
    const words = search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of rows) {
      const fits = (!kinds || kinds.split(" ").includes(entry.kind))
        && (!campaign.value || entry.campaign === campaign.value)
        && words.every((word) => entry.text.includes(word));
      entry.row.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${rows.length} ${table.dataset.things ?? "agents"} shown`;
    empty.hidden = count > 0;
  }

  function choose(button) {
    kinds = button.dataset.kinds;
    for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
    filter();
  }

  function sort(column, direction) {
    const sign = direction === "descending" ? -1 : 1;
    // What has no value stands last, whichever way it goes.
    rows.sort((a, b) => {
      const [x, y] = [a.keys[column], b.keys[column]];
      return x && y ? sign * order(x, y) : Boolean(y) - Boolean(x);
    });
    body.replaceChildren(...rows.map((entry) => entry.row));
    heads.forEach((head, index) => {
      if (index === column) head.setAttribute("aria-sort", direction);
      else head.removeAttribute("aria-sort");
    });
    sorting.value = String(column);
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => {
      sort(column, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    });
    head.append(button);
    sorting.add(new Option(head.textContent.trim(), String(column)));
  });
  for (const name of new Set(rows.map((entry) => entry.campaign))) campaign.add(new Option(name, name));
  search.addEventListener("input", filter);
  campaign.addEventListener("change", filter);
  sorting.addEventListener("change", () => sort(Number(sorting.value), "ascending"));
  for (const button of buttons) button.addEventListener("click", () => choose(button));
  heads[0].setAttribute("aria-sort", "ascending");
  tools.hidden = false;
  choose(buttons[0]);
})();
