// Locations as coloured dots, read again every 15 seconds. Without tiles the dots stand on plain ground.
(function () {
  var place = document.getElementById("map");
  var said = document.getElementById("map-said");
  var map = L.map(place, { preferCanvas: true, attributionControl: Boolean(place.dataset.attribution) }).setView([48.7, 19.5], 7);
  if (place.dataset.tiles) L.tileLayer(place.dataset.tiles, { maxZoom: 19, attribution: place.dataset.attribution }).addTo(map);
  var dots = L.layerGroup().addTo(map);
  var colours = { free: "#16a34a", busy: "#f97316", broken: "#dc2626", unknown: "#6b7280" };
  var fitted = false;

  function tone(free, busy, broken) {
    if (free) return "free";
    if (busy) return "busy";
    return broken ? "broken" : "unknown";
  }
  // Names come from partners: Leaflet would take a string for markup.
  function named(row) {
    var name = document.createElement("span");
    name.textContent = row[2];
    return name;
  }
  function popup(row) {
    var box = document.createElement("div");
    var link = document.createElement("a");
    link.href = row[3];
    link.textContent = row[2];
    box.append(link, document.createElement("br"), row[4] + " free, " + row[5] + " taken, " + row[6] + " out of order");
    return box;
  }
  function draw(rows) {
    map.invalidateSize({ animate: false });
    dots.clearLayers();
    rows.forEach(function (row) {
      var colour = colours[tone(row[4], row[5], row[6])];
      L.circleMarker([row[0], row[1]], { radius: 8, weight: 2, color: "#fff", fillColor: colour, fillOpacity: 0.9 })
        .bindTooltip(named(row)).bindPopup(popup(row)).addTo(dots);
    });
    if (!fitted && rows.length) map.fitBounds(rows.map(function (row) { return [row[0], row[1]]; }), { maxZoom: 13, padding: [40, 40], animate: false });
    fitted = true;
    said.textContent = rows.length ? rows.length + " locations, live" : "No location with coordinates yet: sync a partner's locations.";
  }
  function look() {
    if (map.hasPopup) return;
    fetch(place.dataset.places, { credentials: "same-origin" })
      .then(function (answer) { return answer.json(); })
      .then(draw)
      .catch(function () { said.textContent = "Could not be read; trying again."; });
  }
  // The frame around the map is laid out by scripts of its own: sizes are known only after them.
  new ResizeObserver(function () { map.invalidateSize({ animate: false }); }).observe(place);
  map.on("popupopen", function () { map.hasPopup = true; });
  map.on("popupclose", function () { map.hasPopup = false; });
  look();
  setInterval(look, 15000);
})();
