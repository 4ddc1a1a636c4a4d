/* Brings the interactive parts of a page to life, or says why not. A part is marked by the directive
   in docs/_ext/web.py and names its module, which exports `start(element)`. This is the one script
   that runs on a page opened from a folder, where browsers load no modules. */

const folder = /** @type {HTMLScriptElement} */ (document.currentScript).src;

/** @param {HTMLElement} part @param {string} reason */
function showStill(part, reason) {
  part.classList.add("is-still");
  const words = part.querySelector(`[data-why="${reason}"]`);
  if (words instanceof HTMLElement) words.hidden = false;
}

for (const part of document.querySelectorAll(".interactive[data-module]")) {
  if (!(part instanceof HTMLElement)) continue;
  if (location.protocol === "file:") showStill(part, "file");
  else if (typeof WebAssembly === "undefined") showStill(part, "wasm");
  else {
    import(new URL(part.dataset.module ?? "", folder).href)
      .then((module) => module.start(part))
      .catch((error) => {
        console.error(error);
        showStill(part, "error");
      });
  }
}
