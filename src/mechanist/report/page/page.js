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
  for (const hidden of document.querySelectorAll(".mathml")) {
    const math = hidden.querySelector("math");
    const line = document.querySelector(".copy");
    line?.append(button("Copy MathML", async made => {
      try {
        const copy = math.cloneNode(true);
        copy.setAttribute("xmlns", "http://www.w3.org/1998/Math/MathML");
        await navigator.clipboard.writeText(copy.outerHTML);
        made.textContent = "Copied";
      } catch (error) {
        made.textContent = "The browser does not allow it";
      }
    }));
  }
  for (const figure of document.querySelectorAll("figure[id]")) {
    const svg = figure.querySelector("svg");
    if (!svg) continue;
    const save = (content, type, ending) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([content], { type }));
      link.download = figure.id + ending;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };
    figure.append(button("Save as SVG", () => {
      const copy = svg.cloneNode(true);
      copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      copy.setAttribute("xmlns:xlink", "http://www.w3.org/1999/xlink");
      copy.removeAttribute("data-pdf");
      copy.removeAttribute("data-csv");
      copy.querySelectorAll(".marker").forEach(marker => marker.remove());
      save(copy.outerHTML, "image/svg+xml", ".svg");
    }));
    if (svg.dataset.pdf) figure.append(button("PDF", () => {
      save(Uint8Array.from(atob(svg.dataset.pdf), c => c.charCodeAt(0)), "application/pdf", ".pdf");
    }));
    if (svg.dataset.csv) figure.append(button("Data (CSV)", () => {
      save(svg.dataset.csv, "text/csv", ".csv");
    }));
  }
})();
