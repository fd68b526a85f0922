// Countdowns, copying, dialogs and charts that every page of support may have.
function sfpCountdowns() {
  document.querySelectorAll("[data-countdown]").forEach(function (place) {
    var left = Math.round((new Date(place.dataset.countdown) - Date.now()) / 1000);
    var words = "due now";
    if (left >= 86400) words = "in " + Math.floor(left / 86400) + " d " + Math.floor((left % 86400) / 3600) + " h";
    else if (left >= 3600) words = "in " + Math.floor(left / 3600) + " h " + Math.floor((left % 3600) / 60) + " min";
    else if (left >= 60) words = "in " + Math.floor(left / 60) + " min " + (left % 60) + " s";
    else if (left > 0) words = "in " + left + " s";
    if (place.textContent !== words) place.textContent = words;
  });
}
setInterval(sfpCountdowns, 1000);
document.addEventListener("click", function (event) {
  var copy = event.target.closest("[data-copy]");
  if (copy) {
    var source = document.getElementById(copy.dataset.copy);
    navigator.clipboard.writeText(source.value || source.textContent).then(function () {
      var said = copy.querySelector("[data-said]") || copy;
      var before = said.textContent;
      said.textContent = "Copied";
      setTimeout(function () { said.textContent = before; }, 1500);
    });
  }
  var opener = event.target.closest("[data-dialog]");
  if (opener) {
    var dialog = document.getElementById(opener.dataset.dialog);
    if (opener.dataset.key) dialog.querySelector("[name=key]").value = opener.dataset.key;  // one dialog for all rows
    dialog.showModal();
  }
  if (event.target.closest("[data-print]")) window.print();
  var closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog").close();
});
// A link to a button opens its dialog: the queue leads to the one thing to press.
if (location.hash.startsWith("#do-")) {
  var asked = document.getElementById(location.hash.slice(1));
  if (asked && asked.matches("dialog")) asked.showModal();
  history.replaceState(null, "", location.pathname + location.search);
}
document.addEventListener("focusin", function (event) {
  if (event.target.matches("[data-select]")) event.target.select();
});
document.addEventListener("submit", function (event) {
  var button = event.target.querySelector("[data-once]");
  if (button) setTimeout(function () { button.disabled = true; }, 0);
});

// Which lines of a list are shown stays as chosen while the page refreshes itself.
var sfpHidden = {};
function sfpChips() {
  document.querySelectorAll("[data-chips]").forEach(function (group) {
    var list = document.getElementById(group.dataset.chips);
    group.querySelectorAll("[data-chip]").forEach(function (chip) {
      var hidden = Boolean(sfpHidden[chip.dataset.chip]);
      chip.setAttribute("aria-pressed", String(!hidden));
      list.querySelectorAll("[data-source='" + chip.dataset.chip + "']").forEach(function (line) { line.hidden = hidden; });
    });
  });
}
document.addEventListener("click", function (event) {
  var chip = event.target.closest("[data-chip]");
  if (!chip) return;
  sfpHidden[chip.dataset.chip] = !sfpHidden[chip.dataset.chip];
  sfpChips();
});
// A table that does not fit its place becomes lines that show each column's name beside its value.
function sfpFit(table) {
  table.removeAttribute("data-narrow");
  if (table.offsetWidth > table.parentElement.clientWidth + 1) table.setAttribute("data-narrow", "");
}
var sfpWidths = new WeakMap();
var sfpPlaces = new ResizeObserver(function (entries) {
  entries.forEach(function (entry) {
    var width = entry.target.clientWidth;
    if (sfpWidths.get(entry.target) === width) return;
    sfpWidths.set(entry.target, width);
    entry.target.querySelectorAll(":scope > table.sfp-table").forEach(sfpFit);
  });
});
function sfpLabels() {
  document.querySelectorAll("table.sfp-table:not([data-labelled])").forEach(function (table) {
    var names = Array.from(table.querySelectorAll(":scope > thead th")).map(function (one) { return one.textContent.trim(); });
    table.querySelectorAll(":scope > tbody > tr").forEach(function (row) {
      Array.from(row.cells).forEach(function (cell, index) { if (cell.colSpan === 1) cell.dataset.label = names[index] || ""; });
    });
    table.dataset.labelled = names.length ? "named" : "bare";
    sfpFit(table);
    sfpPlaces.observe(table.parentElement);
  });
}
document.addEventListener("DOMContentLoaded", sfpLabels);
// What a refresh put in has its charts still to be drawn.
document.addEventListener("htmx:afterSwap", function () {
  sfpCountdowns();
  sfpChips();
  sfpLabels();
  if (document.querySelector("#live .chart") && typeof renderCharts === "function") renderCharts();
});

// Enter in the search opens what is found, where it is one thing only; with several, the one that is marked.
document.addEventListener("keydown", function (event) {
  if (event.key !== "Enter" || event.target.id !== "search-input-command" || document.querySelector("#command-results-list .active")) return;
  var asked = event.target.getAttribute("hx-get") + "&s=" + encodeURIComponent(event.target.value);
  event.preventDefault();
  event.stopPropagation();
  fetch(asked, { credentials: "same-origin" })
    .then(function (answer) { return answer.text(); })
    .then(function (text) {
      var links = new DOMParser().parseFromString(text, "text/html").querySelectorAll("#command-results-list a[href]");
      // Rows come before the pages that are called alike. The message log can be searched for anything: that is no find.
      var all = Array.from(links).map(function (link) { return link.getAttribute("href"); });
      var rows = all.filter(function (address) { return address.endsWith("/change/"); });
      var found = rows.length ? rows : all.filter(function (address) { return !address.includes("?"); });
      if (found.length === 1) window.location = found[0];
    });
}, true);
