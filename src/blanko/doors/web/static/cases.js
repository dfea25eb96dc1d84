// A case by the keyboard alone: a letter or digit shown in <kbd> chooses, r goes to the reason, Ctrl Enter settles. The page
// works without this file: its radios, fields and links are in the order in which Tab goes.
(() => {
  "use strict";
  const writes = (element) => element && (element.tagName === "TEXTAREA" || element.tagName === "SELECT"
    || (element.tagName === "INPUT" && !["radio", "checkbox"].includes(element.type)));

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey) {
      const form = event.target.closest?.("form") || document.querySelector("form[data-case]");
      if (form) { event.preventDefault(); form.requestSubmit(form.querySelector("button")); }
      return;
    }
    if (event.key === "Escape" && writes(event.target)) { event.target.blur(); return; }
    if (event.ctrlKey || event.altKey || event.metaKey || writes(event.target)) return;
    if (event.key === "r") {
      const reason = document.querySelector("[data-case-reason]");
      if (reason) { event.preventDefault(); reason.focus(); }
      return;
    }
    const wanted = document.querySelector(`[data-case-key="${CSS.escape(event.key)}"]`);
    if (!wanted) return;
    event.preventDefault();
    wanted.focus();
    wanted.click();
  });
})();
