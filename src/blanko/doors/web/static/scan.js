// A loop of scans for a keyboard-wedge scanner: each scan is one line that ends with Enter. Without this file the same
// form works by typing one identifier a line. Markup:
//   <form data-scan="KEY" data-scan-expects="A B C">          what was scanned is kept under KEY until the form is sent
//     <input data-scan-input>  <textarea name="scans" data-scan-list>  <p data-scan-said>  <output data-scan-count>
//   Words come from data-says-right, data-says-twice, data-says-wrong on the form; without expectations all are right.
(() => {
  "use strict";
  let sound = null;

  const beep = (tones) => {
    try {
      sound = sound || new AudioContext();
      let at = sound.currentTime;
      for (const [pitch, seconds] of tones) {
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
  const tones = { right: [[1320, 0.07]], twice: [[660, 0.08], [660, 0.08]], wrong: [[180, 0.35]] };

  for (const form of document.querySelectorAll("form[data-scan]")) {
    const input = form.querySelector("[data-scan-input]"), list = form.querySelector("[data-scan-list]");
    const said = form.querySelector("[data-scan-said]"), count = form.querySelector("[data-scan-count]");
    const expects = new Set((form.dataset.scanExpects || "").split(" ").filter(Boolean));
    const kept = "blanko-scan:" + form.dataset.scan;
    const lines = () => list.value.split("\n").map((line) => line.trim().toUpperCase()).filter(Boolean);

    const show = () => {
      const seen = new Set(lines());
      const right = expects.size ? [...seen].filter((line) => expects.has(line)).length : seen.size;
      if (count) count.textContent = expects.size ? `${right} / ${expects.size}` : String(right);
      for (const row of form.querySelectorAll("[data-scan-row]")) {
        row.dataset.seen = seen.has(row.dataset.scanRow) ? "yes" : "no";
      }
      try { localStorage.setItem(kept, list.value); } catch { /* private windows keep nothing */ }
    };

    try { if (!list.value) list.value = localStorage.getItem(kept) || ""; } catch { /* as above */ }

    const take = () => {
      const scan = input.value.trim().toUpperCase();
      input.value = "";
      if (!scan) return;
      const before = lines();
      const how = before.includes(scan) ? "twice" : !expects.size || expects.has(scan) ? "right" : "wrong";
      if (how !== "twice") list.value = [...before, scan].join("\n") + "\n";
      form.dataset.scanLast = how;
      said.textContent = `${scan}: ${form.dataset["says" + how[0].toUpperCase() + how.slice(1)]}`;
      beep(tones[how]);
      show();
    };

    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      take();
    });
    list.addEventListener("input", show);
    // A scanner types wherever the focus is: it comes back unless somebody writes in another field.
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
      if (!event.target.closest?.("input, textarea, select, [contenteditable]")) input.focus();
    });
    form.addEventListener("focusout", () => setTimeout(() => {
      if (document.activeElement === document.body) input.focus();
    }));
    form.querySelector("[data-scan-undo]")?.addEventListener("click", () => {
      list.value = lines().slice(0, -1).map((line) => line + "\n").join("");
      show();
      input.focus();
    });
    form.addEventListener("submit", () => {
      if (input.value.trim()) take();
      try { localStorage.removeItem(kept); } catch { /* as above */ }
    });
    input.focus();
    show();
  }
})();
