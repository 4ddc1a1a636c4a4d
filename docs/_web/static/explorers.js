/* Opens the figures that readers turn, when they ask for it: docs/_ext/explorers.py puts them into
   the page. A classic script, and the libraries are loaded as such: this works from a folder too. */

{
  const npm = new URL("npm/", /** @type {HTMLScriptElement} */ (document.currentScript).src);
  const files = ["vega/vega.min.js", "vega-lite/vega-lite.min.js", "vega-interpreter/vega-interpreter.js"];
  const REST = 600; // milliseconds without a change, after which the words are read out

  /** @param {string} file @returns {Promise<void>} */
  const loaded = (file) =>
    new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = new URL(file, npm).href;
      script.onload = () => done();
      script.onerror = () => failed(new Error(`${file} cannot be loaded`));
      document.head.append(script);
    });

  /** @type {Promise<void> | undefined} */
  let libraries;
  const allLoaded = () => {
    libraries ??= files.reduce((before, file) => before.then(() => loaded(file)), Promise.resolve());
    return libraries;
  };

  /** @template {HTMLElement} T @param {HTMLElement} place @param {string} name @returns {T} */
  const part = (place, name) =>
    /** @type {T} */ (place.querySelector(`.explorer-${name}`));

  /** @param {HTMLElement} place */
  const open = async (place) => {
    await allLoaded();
    const { vega, vegaLite, vegaInterpreter } = /** @type {any} */ (globalThis);
    const figure = JSON.parse(part(place, "figure").textContent ?? "");
    const label = place.getAttribute("aria-label");
    const sizes = { labelFontSize: 12, titleFontSize: 13 };
    const config = {
      font: getComputedStyle(place).fontFamily, // by which Vega measures its labels
      axis: { ...sizes, titleFontWeight: "normal" },
      legend: { ...sizes, titleFontWeight: "normal" },
    };
    const compiled = vegaLite.compile({ ...figure, description: label }, { config });
    // Without eval, which the page's policy forbids: expressions are interpreted.
    const view = new vega.View(vega.parse(compiled.spec, undefined, { ast: true }), {
      expr: vegaInterpreter,
      renderer: "svg",
      container: part(place, "view"),
      bind: part(place, "controls"),
      hover: true,
    });
    const words = part(place, "words");
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const tell = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (words.textContent = view.signal("words")), REST);
    };
    view.addSignalListener("words", tell);
    await view.runAsync();
    tell();
    /** @type {any} */ (place).view = view;
    place.classList.add("is-open");
    part(place, "open").hidden = true;
    /** @type {HTMLElement | null} */ (place.querySelector("input, select"))?.focus();
  };

  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".explorer"))) {
    /** @type {HTMLButtonElement | null} */
    const button = place.querySelector(".explorer-open");
    if (!button) continue; // built without the libraries
    button.disabled = false;
    button.addEventListener("click", () => {
      button.disabled = true;
      open(place).catch((error) => {
        console.error(error);
        libraries = undefined;
        button.disabled = false;
        part(place, "words").textContent =
          "The figure could not be opened. Try again, or reload the page.";
      });
    });
  }
}
