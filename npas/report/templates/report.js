"use strict";
(() => {
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.firstChild.textContent.trim() : Number(cell.dataset.value);
  };
  const sortable = (table) => {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.querySelector(".unseen")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const figures = head.classList.contains("figure");
        const turns = figures ? ["descending", "ascending", null] : ["ascending", "descending", null];
        const next = turns[(turns.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        const sign = next === "descending" ? -1 : 1;
        const rows = [...original];
        if (next) {
          rows.sort((a, b) => {
            const x = valueOf(a, column), y = valueOf(b, column);
            return sign * (typeof x === "number" ? x - y : x.localeCompare(y, "en", { numeric: true }));
          });
        }
        body.append(...rows);
      });
    });
  };
  document.querySelectorAll("table[data-sortable]").forEach(sortable);

  // The browser's own tooltips come late and not at all on touch screens: show the same words at once.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  document.querySelectorAll(".chart path > title, .bars svg > title").forEach((title) => {
    const words = title.textContent;
    const mark = title.parentElement;
    mark.setAttribute("aria-label", words);
    title.remove();
    mark.addEventListener("pointerenter", () => {
      tip.textContent = words;
      tip.hidden = false;
      const box = mark.getBoundingClientRect();
      const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
      tip.style.left = `${Math.max(8, Math.min(room, box.left + box.width / 2 - tip.offsetWidth / 2)) + window.scrollX}px`;
      tip.style.top = `${box.top - tip.offsetHeight - 8 + window.scrollY}px`;
    });
    mark.addEventListener("pointerleave", () => { tip.hidden = true; });
  });
})();
