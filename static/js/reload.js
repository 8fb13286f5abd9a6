// select[data-reload]: a choice that changes the form's fields asks for the form anew, with what was typed. The
// button for it, inside [data-reload-hide], stays for those without JavaScript.
for (const place of document.querySelectorAll("[data-reload-hide]")) {
  place.hidden = true;
  const button = place.querySelector("button");
  const select = button.form.querySelector("[data-reload]");
  select.addEventListener("change", () => button.form.requestSubmit(button));
}
