// Locations as coloured dots, read again every 15 seconds. Dots that would lie on each other are one, with their number.
// Without tiles the ground has lines of latitude and longitude, a scale, and the names of what is shown.
(function () {
  var place = document.getElementById("map");
  var said = document.getElementById("map-said");
  var map = L.map(place, { attributionControl: Boolean(place.dataset.attribution), maxZoom: 19 }).setView([48.7, 19.5], 7);
  if (place.dataset.tiles) L.tileLayer(place.dataset.tiles, { maxZoom: 19, attribution: place.dataset.attribution }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  var ground = L.layerGroup().addTo(map);
  var dots = L.layerGroup().addTo(map);
  var colours = { free: "#16a34a", busy: "#f97316", broken: "#dc2626", unknown: "#6b7280" };
  var steps = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
  var APART = 44, FEW = 14;
  var rows = [], fitted = false;

  function tone(free, busy, broken) {
    if (free) return "free";
    if (busy) return "busy";
    return broken ? "broken" : "unknown";
  }
  // Names come from partners: Leaflet would take a string for markup.
  function text(words, kind) {
    var box = document.createElement("span");
    box.textContent = words;
    if (kind) box.className = kind;
    return box;
  }
  function popup(row) {
    var box = document.createElement("div");
    var link = document.createElement("a");
    link.href = row[3];
    link.textContent = row[2];
    box.append(link, document.createElement("br"), row[4] + " free, " + row[5] + " taken, " + row[6] + " out of order");
    return box;
  }
  // What falls into the same square of the screen stands together.
  function groups() {
    var squares = new Map();
    rows.forEach(function (row) {
      var at = map.project([row[0], row[1]]);
      var key = Math.floor(at.x / APART) + "/" + Math.floor(at.y / APART);
      if (!squares.has(key)) squares.set(key, []);
      squares.get(key).push(row);
    });
    return Array.from(squares.values());
  }
  function single(row, named) {
    var dot = L.circleMarker([row[0], row[1]], { radius: 8, weight: 2, color: "#fff", fillColor: colours[tone(row[4], row[5], row[6])], fillOpacity: 0.9 });
    dot.bindTooltip(text(row[2]), { permanent: named, direction: "right", offset: [8, 0] }).bindPopup(popup(row)).addTo(dots);
  }
  function cluster(some) {
    var sums = [4, 5, 6].map(function (column) { return some.reduce(function (sum, row) { return sum + row[column]; }, 0); });
    var bounds = L.latLngBounds(some.map(function (row) { return [row[0], row[1]]; }));
    var bubble = text(String(some.length), "sfp-cluster");
    bubble.dataset.tone = tone(sums[0], sums[1], sums[2]);
    var words = some.length + " locations: " + sums[0] + " free, " + sums[1] + " taken, " + sums[2] + " out of order";
    L.marker(bounds.getCenter(), { icon: L.divIcon({ html: bubble, className: "", iconSize: [36, 36] }), title: words, alt: words })
      .on("click", function () {
        if (map.getZoom() < map.getMaxZoom() && !bounds.getNorthEast().equals(bounds.getSouthWest())) return map.fitBounds(bounds, { maxZoom: Math.max(15, map.getZoom() + 2), padding: [40, 40] });
        var list = document.createElement("div");
        some.slice(0, 20).forEach(function (row) { list.append(popup(row)); });
        L.popup().setLatLng(bounds.getCenter()).setContent(list).openOn(map);
      })
      .addTo(dots);
  }
  function lines() {
    ground.clearLayers();
    if (place.dataset.tiles) return;
    var box = map.getBounds(), width = box.getEast() - box.getWest();
    var step = steps.find(function (one) { return width / one >= 4; }) || steps[steps.length - 1];
    function line(from, to, words, at) {
      L.polyline([from, to], { color: "#9ca3af", weight: 1, opacity: 0.35, interactive: false }).addTo(ground);
      L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ html: text(words, "sfp-degree"), className: "", iconSize: [0, 0] }) }).addTo(ground);
    }
    function degrees(value, plus, minus) { return Math.abs(value).toFixed(step < 0.1 ? 2 : step < 1 ? 1 : 0) + "° " + (value < 0 ? minus : plus); }
    for (var x = Math.ceil(box.getWest() / step) * step; x < box.getEast(); x += step) line([box.getSouth(), x], [box.getNorth(), x], degrees(x, "E", "W"), [box.getNorth(), x]);
    for (var y = Math.ceil(box.getSouth() / step) * step; y < box.getNorth(); y += step) line([y, box.getWest()], [y, box.getEast()], degrees(y, "N", "S"), [y, box.getWest()]);
  }
  function draw() {
    lines();
    dots.clearLayers();
    var box = map.getBounds().pad(0.1), shown = groups();
    var seen = shown.filter(function (some) { return box.contains([some[0][0], some[0][1]]); });
    var named = seen.length <= FEW && seen.every(function (some) { return some.length === 1; });
    seen.forEach(function (some) { if (some.length > 1) cluster(some); else single(some[0], named); });
  }
  function take(news) {
    rows = news;
    map.invalidateSize({ animate: false });
    if (!fitted && rows.length) map.fitBounds(rows.map(function (row) { return [row[0], row[1]]; }), { maxZoom: 13, padding: [40, 40], animate: false });
    fitted = true;
    draw();
    said.textContent = rows.length ? rows.length + (rows.length === 1 ? " location, live" : " locations, live") : "No location with coordinates yet: sync a partner's locations.";
  }
  function look() {
    if (map.hasPopup) return;
    fetch(place.dataset.places, { credentials: "same-origin" })
      .then(function (answer) { return answer.json(); })
      .then(take)
      .catch(function () { said.textContent = "Could not be read; trying again."; });
  }
  // The frame around the map is laid out by scripts of its own: sizes are known only after them.
  new ResizeObserver(function () { map.invalidateSize({ animate: false }); }).observe(place);
  map.on("popupopen", function () { map.hasPopup = true; });
  map.on("popupclose", function () { map.hasPopup = false; });
  map.on("moveend", function () { if (!map.hasPopup) draw(); });
  look();
  setInterval(look, 15000);
})();
