// Keeps the driver's pages up to date. Without it they work by reloading.
"use strict";

(() => {
  const SLOWEST = 30000;
  const TONES = ["calm", "good", "act", "bad", "free", "ready", "busy", "out", "unknown"];
  const $ = (id) => document.getElementById(id);
  const charger = $("charger");
  const session = $("session");

  // Text changes only where it differs, so that a screen reader hears news and no repetition.
  function setText(root, values) {
    root.querySelectorAll("[data-text]").forEach((node) => {
      const text = values[node.dataset.text];
      if (text !== undefined && node.textContent !== text) node.textContent = text;
    });
    root.querySelectorAll("[data-points]").forEach((node) => {
      node.setAttribute("points", values[node.dataset.points] || "");
    });
  }

  function setTone(node, tone) {
    if (node.classList.contains(tone)) return;
    node.classList.remove(...TONES);
    node.classList.add(tone);
  }

  function showCharger(state) {
    setText(charger, state);
    setTone(charger, state.tone);
    if ($("payment")) $("payment").hidden = !state.usable;
    return true;
  }

  // To the gateway's page by itself, once: who came back without paying presses the button.
  function toPay(url) {
    $("pay").href = url;
    if ("back" in session.dataset) return false;
    session.dataset.back = "yes";
    location.assign(url);
    return true;
  }

  function showSession(data) {
    const values = { ...data.view, can_stop: data.can_stop, can_cancel: data.can_cancel };
    const finishedBefore = "finished" in session.dataset;
    if (data.finished !== finishedBefore) {
      location.reload();
      return false;
    }
    if (values.pay_url && toPay(values.pay_url)) return false;
    setText(session, values);
    setTone(session.querySelector("[data-tone]"), values.tone);
    session.querySelectorAll("[data-show]").forEach((node) => { node.hidden = !values[node.dataset.show]; });
    session.querySelectorAll(".steps li").forEach((node, index) => {
      const { place } = values.steps[index];
      node.className = place;
      if (place === "now") node.setAttribute("aria-current", "step");
      else node.removeAttribute("aria-current");
    });
    if (session.dataset.evse) document.title = `${values.headline} · ${session.dataset.evse}`;
    return values.live;
  }

  // Asks again and again: at once when the page comes back, more and more seldom while there is no answer.
  function poll(url, every, show) {
    let wait = every;
    let timer = 0;
    let asking = false;

    const later = () => { clearTimeout(timer); timer = setTimeout(ask, wait); };
    async function ask() {
      clearTimeout(timer);
      if (asking || document.hidden || !navigator.onLine) return;
      asking = true;
      let more = true;
      try {
        const answer = await fetch(url, { cache: "no-store", headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        more = show(await answer.json());
        wait = every;
        $("offline") && ($("offline").hidden = true);
      } catch {
        wait = Math.min(wait * 2, SLOWEST);
        $("offline") && ($("offline").hidden = navigator.onLine && wait < 4 * every);
      }
      asking = false;
      if (more) later();
      else stop();
    }
    function back() { wait = every; ask(); }
    function gone() { if ($("offline")) $("offline").hidden = false; }
    function stop() {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", back);
      removeEventListener("online", back);
      removeEventListener("offline", gone);
    }

    document.addEventListener("visibilitychange", back);
    addEventListener("online", back);
    addEventListener("offline", gone);
    later();
  }

  if (charger) poll(charger.dataset.url, 4000, showCharger);
  if (session && session.dataset.url) poll(session.dataset.url, 2000, showSession);

  // One tap is enough: the second one would wait for nothing.
  document.querySelectorAll("form[method=post]").forEach((form) => {
    const button = form.querySelector("button");
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      if (button) button.setAttribute("aria-disabled", "true");
    });
    addEventListener("pageshow", () => {
      delete form.dataset.sent;
      if (button) button.removeAttribute("aria-disabled");
    });
  });

  // Who asks for it is looked for by the browser, which asks first; the point goes into the address and nowhere else.
  const here = $("here");
  if (here && navigator.geolocation) {
    here.hidden = false;
    here.addEventListener("click", () => {
      $("nowhere").hidden = true;
      here.setAttribute("aria-disabled", "true");
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => { location.assign(`?near=${coords.latitude.toFixed(4)},${coords.longitude.toFixed(4)}`); },
        () => { $("nowhere").hidden = false; here.removeAttribute("aria-disabled"); },
        { timeout: 10000, maximumAge: 60000 },
      );
    });
  }

  const sure = $("sure");
  if (sure && sure.showModal) {
    $("stop").addEventListener("click", (event) => { event.preventDefault(); sure.showModal(); });
  }
  if ($("problem")) $("problem").focus();
})();
