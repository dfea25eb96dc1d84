// The counter without a reload: a form marked data-counter is sent in the background, its answer takes the place of the page's
// content, a sound says how it went, and the focus stands in the first field again, where the next scan goes. Without this
// file the same forms load the page again, and the browser puts the focus there.
(() => {
  "use strict";
  let sound = null;
  const tones = { right: [[1320, 0.07]], wrong: [[180, 0.35]] };

  const beep = (how) => {
    try {
      sound = sound || new AudioContext();
      let at = sound.currentTime;
      for (const [pitch, seconds] of tones[how] || []) {
        const tone = sound.createOscillator(), loud = sound.createGain();
        tone.frequency.value = pitch;
        loud.gain.value = 0.15;
        tone.connect(loud).connect(sound.destination);
        tone.start(at);
        tone.stop(at + seconds);
        at += seconds + 0.05;
      }
    } catch { /* an old computer without sound still has colour and words */ }
  };

  const settle = () => {
    const first = document.querySelector("main [autofocus]");
    if (first) { first.focus(); first.select?.(); }
    const said = document.querySelector("[data-counter-said]");
    if (said) beep(said.dataset.counterSaid);
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-counter]") || form.dataset.busy) return;
    event.preventDefault();
    form.dataset.busy = "yes";
    const fields = new FormData(form, event.submitter);
    const reads = form.method === "get";
    const address = new URL(form.action || location.href);
    if (reads) address.search = new URLSearchParams(fields).toString();
    try {
      const answer = await fetch(address, {
        method: form.method, body: reads ? undefined : fields, headers: { "X-Counter": "part" },
      });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      document.querySelector("main").replaceChildren(...next.childNodes);
      if (reads) history.replaceState(null, "", address);
      settle();
    } catch {
      delete form.dataset.busy;
      form.submit();
    }
  });

  // A scanner types wherever the focus is: it comes back unless somebody writes in another field.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
    if (!event.target.closest?.("input, textarea, select, button, a, [contenteditable]")) {
      document.querySelector("main [autofocus]")?.focus();
    }
  });
  settle();
})();
