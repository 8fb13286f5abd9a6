// form[data-enter-next]: Enter in a field goes to the next field of its kind, and from the last to the button.
// [data-print]: prints the page; without JavaScript the browser's own menu does.
for (const form of document.querySelectorAll("form[data-enter-next]")) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input[inputmode]") || event.isComposing) return;
    event.preventDefault();
    const fields = [...form.querySelectorAll("input[inputmode]")];
    const next = fields[fields.indexOf(event.target) + (event.shiftKey ? -1 : 1)];
    if (next) {
      next.focus();
      next.select();
    } else if (!event.shiftKey) {
      form.querySelector(".btn.primary").focus();
    }
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// What needs another look is where the cursor goes.
(document.querySelector("[aria-invalid=true]") ?? document.getElementById("wrong"))?.focus();
