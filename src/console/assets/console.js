// Shows times in the reader's zone; the rest of a page works without this script.
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
