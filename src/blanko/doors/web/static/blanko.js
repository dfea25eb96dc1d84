// The pages work without this file. It adds: arrow keys and a label on the tile map, "copy" on tables, a chosen file's name.
(() => {
  "use strict";

  const label = (tile) => {
    const where = document.getElementById("map-label");
    if (where) where.textContent = tile.getAttribute("aria-label");
  };

  const neighbour = (tile, dx, dy) => {
    const tiles = [...document.querySelectorAll("[data-tile]")];
    const [x, y] = tile.dataset.tile.split(",").map(Number);
    let best = null, bestCost = Infinity;
    for (const other of tiles) {
      const [ox, oy] = other.dataset.tile.split(",").map(Number);
      const along = dx ? (ox - x) * dx : (oy - y) * dy;
      const across = dx ? Math.abs(oy - y) : Math.abs(ox - x);
      if (along <= 0) continue;
      // Straight ahead first, then the least detour: the sea between islands must not stop the keys.
      const cost = along + across * 3;
      if (cost < bestCost) { best = other; bestCost = cost; }
    }
    return best;
  };

  const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  document.addEventListener("keydown", (event) => {
    const tile = event.target.closest?.("[data-tile]");
    if (!tile || !keys[event.key]) return;
    event.preventDefault();
    const next = neighbour(tile, ...keys[event.key]);
    if (!next) return;
    tile.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
  for (const kind of ["focusin", "mouseover"]) {
    document.addEventListener(kind, (event) => {
      const tile = event.target.closest?.("[data-tile]");
      if (tile) label(tile);
    });
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const table = document.getElementById(button.dataset.copy);
    const lines = [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim().replace(/\s+/g, " ")).join("\t"));
    await navigator.clipboard.writeText(lines.join("\n"));
    button.textContent = button.dataset.done;
  });
})();

// A slider says its value while it is drawn.
document.addEventListener("input", (event) => {
  const slider = event.target.closest("[data-output]");
  if (slider) slider.labels[0].querySelector("output").textContent = slider.value;
});
