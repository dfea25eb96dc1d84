// What can be checked of a page's accessibility without a person. Answers the list of what is wrong.
() => {
  const wrong = [];
  const say = (what, node) => wrong.push(`${what}: ${(node?.outerHTML ?? "").replace(/\s+/g, " ").slice(0, 140)}`);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const seen = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getBoundingClientRect().width > 0;
  const named = (node) =>
    node.getAttribute("aria-label")?.trim() || node.getAttribute("title")?.trim() || node.textContent.trim();

  if (!document.title.trim().replace("· blanko", "")) say("page without a title", document.head);
  if (all("h1").length !== 1) say(`${all("h1").length} h1`, document.body);
  let level = 0;
  for (const head of all("h1,h2,h3,h4,h5,h6")) {
    const own = Number(head.tagName[1]);
    if (own > level + 1) say(`head of level ${own} after ${level}`, head);
    if (!head.textContent.trim()) say("empty head", head);
    level = own;
  }
  for (const mark of ["header", "main", "footer"]) {
    if (all(`body > ${mark}`).length !== 1) say(`not one ${mark}`, document.body);
  }
  if (!all("nav").every((nav) => nav.getAttribute("aria-label"))) say("nav without a name", document.querySelector("nav"));
  const ids = all("[id]").map((node) => node.id);
  for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) say("id twice", document.getElementById(id));

  for (const table of all("table")) {
    const heads = all("th", table);
    if (!heads.length) say("table without heads", table);
    for (const head of heads) {
      if (!["col", "row", "colgroup", "rowgroup"].includes(head.getAttribute("scope"))) say("head without scope", head);
      if (!head.textContent.trim()) say("empty table head", head);
    }
  }
  for (const field of all("input:not([type=hidden]),select,textarea")) {
    const label = [...(field.labels ?? [])].map((one) => one.textContent.trim()).join("") || field.getAttribute("aria-label");
    if (!label) say("field without a label", field);
  }
  for (const link of all("a[href],button,summary")) if (!named(link)) say("without a name", link);
  for (const picture of all("img:not([alt])")) say("image without alt", picture);
  for (const picture of all("svg")) {
    const title = [...picture.children].some((child) => child.tagName === "title" && child.textContent.trim());
    if (picture.getAttribute("aria-hidden") !== "true" && !title && !picture.getAttribute("aria-label")) say("svg without a title", picture);
    if (picture.getAttribute("aria-hidden") === "true" && picture.querySelector("a")) say("hidden svg with a link", picture);
  }

  const reach = all("a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex='0']").filter(
    (node) => node.tabIndex >= 0 && !node.disabled && (!node.closest("details:not([open])") || node.tagName === "SUMMARY"),
  );
  if (!reach[0]?.matches(".skip") || !document.querySelector(reach[0].getAttribute("href"))) say("no skip link first", reach[0]);
  // A key was pressed before, so that a focus by script is a visible one too. Of many alike a sample is enough.
  const kinds = new Map();
  for (const node of reach) {
    const kind = `${node.tagName}|${node.parentElement.tagName}|${node.className}|${node.closest("thead,tbody,svg,nav,footer")?.tagName}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), node]);
  }
  for (const nodes of kinds.values()) {
    for (const node of nodes.slice(0, 3)) {
      node.focus();
      const style = getComputedStyle(node);
      const cell = node.querySelector(":scope > rect");
      const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      const stroked = cell && parseFloat(getComputedStyle(cell).strokeWidth) >= 3;
      if (!drawn && !stroked) say("focus is not seen", node);
      const box = node.getBoundingClientRect();
      if (box.right <= 0 || box.left >= innerWidth || !box.width) say("focus lies beside the screen", node);
      node.blur();
    }
  }

  // 24 px and more, but for a link within a sentence, and for a cell of the map whose link stands in the table too.
  const enough = (node) => {
    const box = node.getBoundingClientRect();
    return box.width >= 23.9 && box.height >= 23.9;
  };
  const filtered = Boolean(document.querySelector("input[type=search]")?.value);
  const large = new Set(all("td a[href]").filter(enough).map((node) => node.getAttribute("href")));
  for (const node of all("a[href],button,input:not([type=hidden]),select,summary").filter(seen)) {
    if (enough(node) || node.matches(".skip")) continue;
    if (node.closest("svg")) {
      // A filter hides rows, and is cleared where it was set.
      if (!filtered && !large.has(node.getAttribute("href"))) say("small cell without a link in the table", node);
      continue;
    }
    if (node.closest("thead") && node.getBoundingClientRect().right < 0) continue;
    // The text beside it, without what only separates links.
    const beside = node.parentElement.innerText.replace(node.innerText, "").replace(/[·›|\s]/g, "");
    if (!(node.tagName === "A" && beside)) say(`target of ${node.getBoundingClientRect().width.toFixed(0)} x ${node.getBoundingClientRect().height.toFixed(0)} px`, node);
  }

  // Contrast of every text with what lies behind it.
  const parts = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
    return getComputedStyle(document.body).backgroundColor;
  };
  const told = new Set();
  for (const node of all("body *")) {
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()) || node.tagName === "title") continue;
    if (!seen(node) || node.closest("script,style")) continue;
    const ink = node.closest("svg") ? getComputedStyle(node).fill : getComputedStyle(node).color;
    const paper = behind(node);
    const [bright, dark] = [light(ink), light(paper)].sort((a, b) => b - a);
    const ratio = (bright + 0.05) / (dark + 0.05);
    const key = `${ink} on ${paper}`;
    if (ratio < 4.5 && !told.has(key)) {
      told.add(key);
      say(`contrast ${ratio.toFixed(2)} (${key})`, node);
    }
  }
  return wrong;
}
