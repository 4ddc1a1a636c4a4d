/* What a page does beside what its theme does. Without scripts, every page can be read as well. */

// What is wider than its place scrolls by itself. It can be scrolled by keyboard where it is wider,
// and is no stop for the Tab key where it is not.
const scrolling = ".highlight pre, .sphx-glr-script-out .highlight, .output pre, .table-wrapper, div.math, .math-wrapper";
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const cut = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
    if (cut) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const element of document.querySelectorAll(scrolling)) sizes.observe(element);

// On a narrow page the side columns open by keyboard, and take the focus; Escape shuts them.
for (const button of document.querySelectorAll("label > [role=button]")) {
  const toggle = button.parentElement.control;
  const column = document.querySelector(toggle.id === "__toc" ? ".toc-drawer" : ".sidebar-drawer");
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    toggle.click();
    [...column.querySelectorAll("a")].find((link) => link.checkVisibility()).focus();
  });
  column.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !toggle.checked || !button.checkVisibility()) return;
    toggle.click();
    button.focus();
  });
  toggle.addEventListener("change", () => button.setAttribute("aria-expanded", toggle.checked));
}

// The search page fetches each page that it found to quote from it. A page opened from a folder may
// not fetch, so there it lists titles alone.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
