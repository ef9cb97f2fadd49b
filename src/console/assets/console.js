// Shows times in the reader's zone, keeps what moves current, and lets leads be worked on by keyboard. Pages work without this script.
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

// One stream a page: when it tells of something, the part that moves is asked for again, at most twice a second.
const followed = document.querySelector("[data-follow]");
if (followed && window.EventSource) {
  const stream = new EventSource(followed.dataset.follow);
  let waits = false;
  const moved = () => {
    if (waits) return;
    waits = true;
    setTimeout(() => {
      waits = false;
      document.querySelector("[data-follow]")?.dispatchEvent(new CustomEvent("moved"));
    }, 500);
  };
  for (const kind of ["job.queued", "job.begun", "job.progressed", "job.ended", "batch.done"]) stream.addEventListener(kind, moved);
}

// A file of lines that is chosen or dropped is put into the field that is sent.
for (const field of document.querySelectorAll("textarea[data-file]")) {
  const chosen = document.getElementById(field.dataset.file);
  const read = async (file) => {
    const bytes = await file.arrayBuffer();
    // Spreadsheets write what is not UTF-8 in the encoding of Windows.
    try { field.value = new TextDecoder("utf-8", { fatal: true }).decode(bytes); }
    catch { field.value = new TextDecoder("windows-1252").decode(bytes); }
  };
  chosen?.addEventListener("change", () => chosen.files[0] && read(chosen.files[0]));
  field.addEventListener("drop", (event) => {
    const file = event.dataTransfer.files[0];
    if (file) { event.preventDefault(); read(file); }
  });
}

// The keys of the list of leads, and of a lead; `?` shows them.
const decisions = { s: "selected", m: "maybe", n: "not_a_fit", a: "archived" };
const rows = () => [...document.querySelectorAll("table.leads tbody tr")];
const box = (row) => row?.querySelector("input[type=checkbox]");
let here = -1;

function move(to) {
  const all = rows();
  all[here]?.classList.remove("here");
  here = Math.min(Math.max(to, 0), all.length - 1);
  all[here]?.classList.add("here");
  all[here]?.scrollIntoView({ block: "nearest" });
}

// After a decision the list is loaded anew: who decides goes on where they were.
const left = sessionStorage.getItem("here");
sessionStorage.removeItem("here");
if (left !== null && rows().length > 0) move(Number(left));

// Decides about the ticked leads, about the one that is marked, or about the one that is open.
function decide(status) {
  const list = document.getElementById("new_status");
  const one = document.querySelector("form#decision #status");
  if (one) {
    one.value = status;
    one.form.requestSubmit();
  } else if (list) {
    const all = rows();
    if (!all.some((row) => box(row)?.checked) && box(all[here])) box(all[here]).checked = true;
    document.getElementById("scope").value = "ticked";
    list.value = status;
    if (here >= 0) sessionStorage.setItem("here", String(here));
    list.form.requestSubmit();
  }
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), select, textarea");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = rows()[here];
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  } else if (event.key === "?" || event.key === "e") {
    const part = document.getElementById(event.key === "e" ? "export" : "keys");
    if (part) { part.open = !part.open; part.scrollIntoView({ block: "nearest" }); }
  } else if (decisions[event.key]) {
    decide(decisions[event.key]);
  } else if (event.key === "j" || event.key === "k") {
    move(here + (event.key === "j" ? 1 : -1));
  } else if (event.key === "x" && box(at)) {
    box(at).checked = !box(at).checked;
  } else if (event.key === "Enter" && at && event.target === document.body) {
    at.querySelector("a").click();
  }
});
