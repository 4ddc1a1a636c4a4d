/* Brings the interactive parts of a page to life, or says why not. A part is marked by the directive
   in docs/_ext/web.py and names its module, which exports `start(element)`. This is the one script
   that runs on a page opened from a folder, where browsers load no modules. It runs before the page
   is drawn, so that nothing moves when a figure takes the place of a part. */

const folder = /** @type {HTMLScriptElement} */ (document.currentScript).src;

/** @param {HTMLElement} part */
async function bringToLife(part) {
  part.inert = true; // what is pressed before the module is there would be lost
  try {
    const module = await import(new URL(part.dataset.module ?? "", folder).href);
    module.start(part);
  } catch (error) {
    console.error(error);
    part.dataset.still = "error";
  } finally {
    part.inert = false;
  }
}

if (location.protocol === "file:") document.documentElement.dataset.still = "file";
else if (typeof WebAssembly === "undefined") document.documentElement.dataset.still = "wasm";
else {
  addEventListener("DOMContentLoaded", () => {
    for (const part of document.querySelectorAll(".interactive[data-module]")) {
      if (part instanceof HTMLElement) bringToLife(part);
    }
  });
}
