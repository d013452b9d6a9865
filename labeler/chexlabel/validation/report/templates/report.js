"use strict";
(() => {
  // Every closed part of the page is printed too.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((d) => { d.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((d) => { d.open = false; }));

  // Sorting by the head of a column.
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const first = head.dataset.sort === "text" ? "ascending" : "descending";
        const other = first === "ascending" ? "descending" : "ascending";
        const order = head.getAttribute("aria-sort") === first ? other : first;
        heads.forEach((h) => h.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const key = (row) => Number(row.cells[column].dataset.value);
        const body = table.tBodies[0];
        body.append(...[...body.rows].sort((a, b) => sign * (key(a) - key(b))));
      });
    });
  }

  const form = document.getElementById("filters");
  if (!form) return;
  const cases = [...document.querySelectorAll(".case")];
  const sections = [...document.querySelectorAll(".finding")];
  const boxes = [...form.querySelectorAll("input[name=kind]")];
  const finding = document.getElementById("filter-finding");
  const labeler = document.getElementById("filter-labeler");
  const id = document.getElementById("filter-id");
  const status = document.getElementById("status");
  form.hidden = false;
  document.getElementById("keys").hidden = false;

  // Kinds of error that count: those of the chosen labeler, or of any.
  const kindsOf = (item, who) => (/^\d+$/.test(who)
    ? [item.dataset.each.trim().split(" ")[Number(who)]]
    : item.dataset.kinds.split(" "));
  const wrongFits = (wrong, who) => {
    if (who === "all") return !wrong.includes("0");
    if (who === "differ") return wrong.includes("0");
    return who === "" || wrong[Number(who)] === "1";
  };
  // Only so many at a time: five hundred reports would make a page of 137,000 pixels on a phone.
  // All are printed.
  const size = matchMedia("(max-width: 700px)").matches ? 10 : 50;
  const pages = document.getElementById("pages");
  const back = document.getElementById("page-back");
  const next = document.getElementById("page-next");
  let page = 0;
  const turn = (to) => {
    const fitting = cases.filter((item) => !item.hidden);
    const last = Math.max(0, Math.ceil(fitting.length / size) - 1);
    page = Math.min(Math.max(to, 0), last);
    const first = page * size;
    fitting.forEach((item, i) => {
      item.classList.toggle("off-page", i < first || i >= first + size);
    });
    for (const section of sections) {
      section.classList.toggle("off-page",
        !section.querySelector(".case:not([hidden]):not(.off-page)"));
    }
    pages.hidden = last === 0;
    back.disabled = page === 0;
    next.disabled = page === last;
    document.getElementById("page-where").textContent =
      `${first + 1}\u2013${Math.min(first + size, fitting.length)} of ${fitting.length}`;
  };
  const toPage = (to) => {
    turn(to);
    current();
    document.getElementById("disagreements").scrollIntoView();
  };
  back.addEventListener("click", () => toPage(page - 1));
  next.addEventListener("click", () => toPage(page + 1));

  const apply = () => {
    const kinds = new Set(boxes.filter((b) => b.checked).map((b) => b.value));
    const who = labeler ? labeler.value : "";
    const sought = id.value.trim().toLowerCase();
    let shown = 0;
    for (const item of cases) {
      const fits = (!finding.value || item.dataset.finding === finding.value)
        && wrongFits(item.dataset.wrong, who)
        && kindsOf(item, who).some((k) => kinds.has(k))
        && (!sought || item.dataset.id.toLowerCase().includes(sought));
      item.hidden = !fits;
      shown += fits;
    }
    for (const section of sections) {
      const visible = section.querySelectorAll(".case:not([hidden])").length;
      section.hidden = !visible;
      section.querySelector("[data-count]").textContent = visible;
    }
    document.getElementById("none").hidden = shown > 0;
    status.textContent = `Showing ${shown} of ${cases.length}`;
    turn(0);
    current();
  };

  // One stop for the Tab key in the whole list; keys move within it (the pattern of ARIA feeds).
  const visible = () => cases.filter((item) => !item.hidden);
  const current = (chosen) => {
    const items = visible();
    const stop = chosen || items.find((item) => !item.classList.contains("off-page"));
    cases.forEach((item) => { item.tabIndex = item === stop ? 0 : -1; });
    items.forEach((item, i) => {
      item.setAttribute("aria-posinset", i + 1);
      item.setAttribute("aria-setsize", items.length);
    });
  };
  document.getElementById("cases").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = { PageDown: 1, j: 1, PageUp: -1, k: -1 }[event.key];
    const item = event.target.closest(".case");
    if (!step || !item) return;
    const items = visible();
    const to = items[items.indexOf(item) + step];
    event.preventDefault();
    if (!to) return;
    if (to.classList.contains("off-page")) turn(page + step);
    current(to);
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: "nearest" });
  });
  form.addEventListener("input", apply);
  form.addEventListener("change", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
})();
