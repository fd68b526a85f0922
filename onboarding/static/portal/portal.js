// The CPO's page: checks a field when it is left, copies, and sends a form once. Without it everything works.
"use strict";

(() => {
  const form = document.querySelector("[data-check]");

  function show(field, error) {
    const fault = field.querySelector("[data-fault]");
    field.classList.toggle("wrong", Boolean(error));
    fault.textContent = error;
    fault.hidden = !error;
  }

  async function check(input) {
    const field = input.closest("[data-field]");
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    body.set("name", input.name);
    body.set("value", input.value);
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body });
      if (answer.ok) show(field, (await answer.json()).error);
    } catch {
      // Offline: the form says it when it is sent.
    }
  }

  if (form) {
    form.addEventListener("change", (event) => {
      if (event.target.closest("[data-field]")) check(event.target);
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button || !navigator.clipboard) return;
    const source = document.getElementById(button.dataset.copy);
    navigator.clipboard.writeText(source.value || source.textContent).then(() => {
      const before = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = before; }, 1500);
    });
  });

  document.querySelectorAll("form[method=post]").forEach((one) => {
    one.addEventListener("submit", (event) => {
      if (one.dataset.sent) event.preventDefault();
      one.dataset.sent = "yes";
    });
    addEventListener("pageshow", () => { delete one.dataset.sent; });
  });

  const problem = document.getElementById("problem");
  if (problem) problem.focus();
})();
