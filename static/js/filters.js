// <form data-auto-submit>: a changed choice applies at once, typing after a pause. The form's own button stays for
// those without JavaScript and is hidden here when marked data-auto-hide. With hx-get on the form htmx takes it.
const PAUSE = 350;

for (const form of document.querySelectorAll("form[data-auto-submit]")) {
  let timer;
  const send = () => {
    clearTimeout(timer);
    form.requestSubmit();
  };
  form.addEventListener("change", (event) => {
    if (!event.target.matches("[type=search], [type=text]")) send();
  });
  form.addEventListener("input", (event) => {
    // Without htmx a reload would take the cursor out of the field: wait for Enter there.
    if (!event.target.matches("[type=search], [type=text]") || !form.hasAttribute("hx-get")) return;
    clearTimeout(timer);
    timer = setTimeout(send, PAUSE);
  });
  for (const button of form.querySelectorAll("[data-auto-hide]")) button.hidden = true;
}
