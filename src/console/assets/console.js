// Shows times in the reader's zone, and lets a list be worked on by keyboard. Pages work without this script.
"use strict";

function localize(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.textContent;
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    time.dataset.local = "";
  }
}

localize(document);
// htmx replaces parts of the page.
new MutationObserver(() => localize(document)).observe(document.body, { childList: true, subtree: true });

// j and k move between leads, x ticks one, Enter opens it, / goes to the search.
let here = -1;
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), select, textarea");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
    return;
  }
  const rows = [...document.querySelectorAll("table.leads tbody tr")];
  if (rows.length === 0) return;
  if (event.key === "j" || event.key === "k") {
    rows[here]?.classList.remove("here");
    here = Math.min(Math.max(here + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
    rows[here].classList.add("here");
    rows[here].scrollIntoView({ block: "nearest" });
  } else if (event.key === "x" && rows[here]) {
    const box = rows[here].querySelector("input[type=checkbox]");
    if (box) box.checked = !box.checked;
  } else if (event.key === "Enter" && rows[here] && event.target === document.body) {
    rows[here].querySelector("a").click();
  }
});
