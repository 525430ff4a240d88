// The molecule of the report in 3Dmol.js, in place of the pictures that pages without scripts show.
"use strict";
(() => {
  const section = document.getElementById("molecule");
  const source = document.getElementById("molecule-data");
  if (!section || !source || typeof $3Dmol === "undefined") return;
  // Without WebGL the pictures stay.
  const trial = document.createElement("canvas");
  if (!(trial.getContext("webgl2") || trial.getContext("webgl"))) return;
  const data = JSON.parse(source.textContent);
  const count = data.elements.length;

  // Frames are int16 in pm; 3Dmol.js takes angstrom.
  const unpack = text => {
    const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
    const numbers = new Int16Array(bytes.buffer);
    const frames = [];
    for (let i = 0; i < numbers.length; i += 3 * count) frames.push(numbers.subarray(i, i + 3 * count));
    return frames;
  };
  const bondsOf = Array.from({ length: count }, () => []);
  for (const [i, j] of data.bonds) { bondsOf[i].push(j); bondsOf[j].push(i); }
  const atomsOf = frame => data.elements.map((elem, i) => ({
    elem, serial: i, index: i, atom: data.labels[i], resn: "MOL", resi: 1, hetflag: true,
    x: frame[3 * i] / 100, y: frame[3 * i + 1] / 100, z: frame[3 * i + 2] / 100,
    bonds: bondsOf[i], bondOrder: bondsOf[i].map(() => 1),
  }));

  const stage = document.createElement("div");
  stage.className = "stage";
  const canvas = document.createElement("div");
  canvas.className = "canvas";
  stage.append(canvas);
  section.querySelector(".stills").before(stage);
  let viewer;
  try {
    viewer = $3Dmol.createViewer(canvas, { backgroundColor: "white", antialias: true });
  } catch (error) {
    viewer = null;
  }
  if (!viewer) { stage.remove(); return; }
  section.classList.add("live");
  section.viewer = viewer;

  const mix = (one, other, share) => {
    const parts = [1, 3, 5].map(k => {
      const [a, b] = [one, other].map(text => parseInt(text.slice(k, k + 2), 16));
      return Math.round(a + (b - a) * share).toString(16).padStart(2, "0");
    });
    return "#" + parts.join("");
  };
  const { a, b, middle } = data.colours;
  const colourOf = p => (p < 0.5 ? mix(a, middle, 2 * p) : mix(middle, b, 2 * p - 1));
  const elements = { C: "#8A8F98", H: "#e8e8e8", N: "#3A62C8", O: "#D7322B", S: "#E0B21B", P: "#E07B1B" };
  const style = (carbon, opacity = 1) => {
    const colorfunc = atom => (atom.elem === "C" ? carbon : elements[atom.elem] || "#B06AB3");
    return { stick: { radius: 0.14, colorfunc, opacity }, sphere: { scale: 0.24, colorfunc, opacity } };
  };
  const faint = { stick: { radius: 0.06, opacity: 0.6 }, sphere: { scale: 0.1, opacity: 0.6 } };

  let model = null, scene = null, movie = null, timer = null, halo = [];
  const waters = data.water.map((is, i) => (is ? i : -1)).filter(i => i >= 0);
  const dress = (target, carbon, opacity) => {
    target.setStyle({}, style(carbon, opacity));
    if (waters.length) target.setStyle({ serial: waters }, faint);
  };
  const add = (frame, carbon, opacity = 1) => {
    const made = viewer.addModel();
    made.addAtoms(atomsOf(frame));
    dress(made, carbon, opacity);
    return made;
  };

  const paths = data.paths.map(path => ({ ...path, frames: unpack(path.frames) }));
  const scenes = {
    structure: () => { model = add(paths[0].frames[0], elements.C); },
    states: () => {
      const [one, other] = unpack(data.states);
      model = add(one, a);
      add(other, b);
    },
    ensemble: () => {
      for (const frame of unpack(data.ensemble)) model = add(frame, elements.C, 0.55);
    },
  };
  paths.forEach((path, k) => { scenes["path" + k] = () => { movie = path; show(Number(slider.value)); }; });

  // Atoms of descriptors: spheres around them, with their names.
  const highlight = places => {
    for (const shape of halo) viewer.removeShape(shape);
    viewer.removeAllLabels();
    halo = [];
    if (model && scene !== "ensemble") {
      for (const i of places) {
        const { x, y, z } = model.selectedAtoms({ serial: i })[0];
        halo.push(viewer.addSphere({ center: { x, y, z }, radius: 0.62, color: "#CC79A7", alpha: 0.55 }));
        viewer.addLabel(data.labels[i], {
          position: { x, y, z }, fontSize: 14, fontColor: "#1f2430", backgroundColor: "white",
          backgroundOpacity: 0.8, inFront: true, screenOffset: { x: 8, y: -8 },
        });
      }
    }
    viewer.render();
    section.dataset.highlighted = places.join(" ");
  };
  const terms = [...document.querySelectorAll("[data-atoms]")];
  const placesOf = term => term.dataset.atoms.split(" ").filter(Boolean).map(Number);
  const all = [...new Set(terms.flatMap(placesOf))];
  const resting = () => (scene === "structure" ? all : []);
  for (const term of terms) {
    term.tabIndex = 0;
    for (const event of ["mouseenter", "focus"]) term.addEventListener(event, () => highlight(placesOf(term)));
    for (const event of ["mouseleave", "blur"]) term.addEventListener(event, () => highlight(resting()));
  }

  // One frame of a path, and its markers in the figures.
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, value: 0, step: 1 });
  slider.setAttribute("aria-label", "frame of the path");
  const readout = document.createElement("output");
  const play = document.createElement("button");
  play.type = "button";
  const show = number => {
    if (!movie) return;
    const p = movie.p[number];
    if (model) viewer.removeModel(model);
    model = add(movie.frames[number], colourOf(p));
    highlight([]);
    readout.innerHTML = `${movie.times[number].toFixed(2)} ps, p<sub>B</sub> = ${p.toFixed(2)}`;
    readout.style.borderColor = colourOf(p);
    const path = paths.indexOf(movie);
    for (const svg of document.querySelectorAll("svg[data-marks]")) place(svg, path, movie.rows[number], p);
  };
  const place = (svg, path, row, p) => {
    const marks = JSON.parse(svg.dataset.marks).filter(mark => mark.path === path);
    svg.querySelectorAll("circle.marker").forEach(old => old.remove());
    for (const mark of marks) {
      const point = mark.points[row];
      if (!point) continue;
      const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      dot.setAttribute("class", "marker");
      dot.setAttribute("cx", point[0]);
      dot.setAttribute("cy", point[1]);
      dot.setAttribute("r", 6);
      dot.setAttribute("fill", colourOf(p));
      svg.append(dot);
    }
  };
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
  play.addEventListener("click", () => {
    if (timer) return stop();
    play.textContent = "Pause";
    timer = setInterval(() => {
      slider.value = (Number(slider.value) + 1) % movie.frames.length;
      show(Number(slider.value));
    }, 90);
  });

  const controls = document.createElement("div");
  controls.className = "controls";
  controls.append(play, slider, readout);
  const caption = document.createElement("p");
  caption.className = "caption";
  const tabs = document.createElement("div");
  tabs.className = "tabs";
  tabs.setAttribute("role", "tablist");
  const open = still => {
    stop();
    viewer.removeAllModels();
    viewer.removeAllShapes();
    viewer.removeAllLabels();
    [model, movie, halo, scene] = [null, null, [], still.dataset.scene];
    const path = scene.startsWith("path") ? paths[Number(scene.slice(4))] : null;
    controls.hidden = !path;
    if (path) { slider.max = path.frames.length - 1; slider.value = Math.floor((path.frames.length - 1) / 2); }
    else document.querySelectorAll("circle.marker").forEach(old => old.remove());
    scenes[scene]();
    for (const tab of tabs.children) tab.setAttribute("aria-selected", tab.dataset.scene === scene);
    caption.replaceChildren(...still.querySelector("figcaption").cloneNode(true).childNodes);
    viewer.zoomTo();
    viewer.zoom(1.15);
    highlight(resting());
    section.dataset.scene = scene;
  };
  for (const still of section.querySelectorAll(".still")) {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.setAttribute("role", "tab");
    tab.dataset.scene = still.dataset.scene;
    tab.textContent = still.querySelector("h3").textContent;
    tab.addEventListener("click", () => open(still));
    tabs.append(tab);
  }
  for (const link of document.querySelectorAll("a[data-shows]")) {
    const still = section.querySelector(`.still[data-scene="${link.dataset.shows}"]`);
    if (still) link.addEventListener("click", () => open(still));
  }
  stage.before(tabs);
  stage.after(controls, caption);
  viewer.resize();
  open(section.querySelector(".still"));
  addEventListener("resize", () => viewer.resize());
})();
