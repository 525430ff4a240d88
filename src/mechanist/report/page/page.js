// Buttons that copy a formula and save a figure; without scripts the page is whole without them.
"use strict";
(() => {
  const button = (text, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "small";
    made.textContent = text;
    made.addEventListener("click", () => action(made));
    return made;
  };
  for (const line of document.querySelectorAll(".copy")) {
    const code = line.querySelector("code");
    line.append(button("Copy", async made => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        made.textContent = "Copied";
      } catch (error) {
        getSelection().selectAllChildren(code);
        made.textContent = "Selected: press Ctrl+C";
      }
    }));
  }
  for (const figure of document.querySelectorAll("figure[id]")) {
    const svg = figure.querySelector("svg");
    if (!svg) continue;
    figure.append(button("Save as SVG", () => {
      const copy = svg.cloneNode(true);
      copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      copy.setAttribute("xmlns:xlink", "http://www.w3.org/1999/xlink");
      copy.querySelectorAll(".marker").forEach(marker => marker.remove());
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([copy.outerHTML], { type: "image/svg+xml" }));
      link.download = figure.id + ".svg";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }));
  }
})();
