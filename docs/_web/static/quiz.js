// @ts-check
/* Makes a group of radio buttons of each question of a chapter: see docs/_ext/quiz.py. What was
   chosen is kept in the browser, on this device only, and can be forgotten. */

const KEPT = "nnbook-answers";

/** Reads what was chosen: the number of a choice, by question. Nonsense counts as nothing.
 * @param {Storage} storage
 * @returns {Record<string, number>} */
function readAnswers(storage) {
  try {
    const kept = JSON.parse(storage.getItem(KEPT) ?? "{}");
    const entries = Object.entries(kept).filter(([, choice]) => Number.isInteger(choice));
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}

/** Keeps a choice, or forgets a question's where it is null; a browser may refuse to.
 * @param {Storage} storage
 * @param {string} question
 * @param {number | null} choice */
function keepAnswer(storage, question, choice) {
  const kept = readAnswers(storage);
  if (choice === null) delete kept[question];
  else kept[question] = choice;
  try {
    storage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // The answers then last as long as the page.
  }
}

/** A browser that keeps nothing may even refuse to name its storage.
 * @returns {Storage} */
function answersStorage() {
  try {
    return window.localStorage;
  } catch {
    return /** @type {any} */ ({ getItem: () => null, setItem: () => undefined });
  }
}

/** Makes one question answerable; returns what chooses, without keeping it.
 * @param {HTMLFieldSetElement} group
 * @param {(choice: number) => void} chosen */
function startQuestion(group, chosen) {
  const name = group.dataset.question ?? "";
  const feedback = document.createElement("div");
  feedback.className = "quiz-feedback";
  feedback.setAttribute("role", "status");
  const folded = [...group.querySelectorAll("details")];
  const buttons = folded.map((details, number) => {
    const label = document.createElement("label");
    const button = document.createElement("input");
    button.type = "radio";
    button.name = name;
    button.value = String(number);
    const text = document.createElement("span");
    text.append(...[...(details.querySelector("summary")?.childNodes ?? [])].map(copied));
    label.append(button, text);
    group.append(label);
    button.addEventListener("change", () => {
      show(number);
      chosen(number);
    });
    return button;
  });
  group.append(feedback);
  group.classList.add("is-live");

  /** @param {number | null} number */
  function show(number) {
    const details = number === null ? undefined : folded[number];
    for (const [other, button] of buttons.entries()) button.checked = other === number;
    group.dataset.state = details?.dataset.right === "true" ? "right" : details ? "wrong" : "";
    const words = details?.querySelector(":scope > :not(summary)");
    feedback.replaceChildren(...(words ? [copied(words)] : []));
  }
  return show;
}

/** @param {Node} node */
function copied(node) {
  return node.cloneNode(true);
}

/** Starts all questions of the page. */
function startQuestions() {
  const groups = /** @type {HTMLFieldSetElement[]} */ ([
    ...document.querySelectorAll("fieldset.quiz"),
  ]);
  const last = groups.at(-1);
  if (!last) return;
  const storage = answersStorage();
  const kept = readAnswers(storage);
  const shows = groups.map((group) => {
    const name = group.dataset.question ?? "";
    const show = startQuestion(group, (choice) => keepAnswer(storage, name, choice));
    const choice = kept[name];
    if (choice !== undefined && group.querySelectorAll("details")[choice]) show(choice);
    return { name, show };
  });
  const forget = document.createElement("button");
  forget.type = "button";
  forget.className = "quiz-forget";
  forget.textContent = "Forget my answers";
  forget.addEventListener("click", () => {
    for (const { name, show } of shows) {
      keepAnswer(storage, name, null);
      show(null);
    }
  });
  last.after(forget);
}

if (typeof document !== "undefined") startQuestions();
