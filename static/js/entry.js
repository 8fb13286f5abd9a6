// <form data-entry>: Enter goes to the next field; after a row's last one the row is sent alone and comes back with
// its verdict. What needs an answer keeps the cursor, else it goes on to the next row. Without this the form is sent whole.
const form = document.querySelector("form[data-entry]");
const fields = (row) => [...row.querySelectorAll("td.num input")];
const said = form?.querySelector("[data-said]");

function next(row) {
  for (const each of [...form.querySelectorAll("tbody tr")].filter((tr) => row.compareDocumentPosition(tr) & 4)) {
    const empty = fields(each).find((input) => !input.value);
    if (empty) return empty.focus();
  }
  form.querySelector(".btn.primary").focus();
}

function send(row, button) {
  if (row.dataset.sent) return;
  row.dataset.sent = "yes";
  const values = { row: row.id.replace("row-", ""), columns: row.closest("table").dataset.columns };
  for (const input of form.querySelectorAll(":scope > input[type=hidden], [data-when] input")) values[input.name] = input.value;
  for (const input of row.querySelectorAll("input")) if (input.type !== "checkbox" || input.checked) values[input.name] = input.value;
  if (button) values[button.name] = button.value;
  const done = (event) => {
    if (event.detail.requestConfig?.parameters.row !== values.row) return;
    document.removeEventListener("htmx:afterSettle", done);
    const fresh = document.getElementById(row.id);
    said.textContent = fresh.querySelector(".verdict").innerText;
    const wrong = fresh.querySelector("[aria-invalid=true]") ?? fields(fresh)[0];
    if ("kept" in fresh.dataset) next(fresh);
    else { wrong.focus(); wrong.select(); }
  };
  document.addEventListener("htmx:afterSettle", done);
  window.htmx.ajax("POST", location.pathname, { source: row, target: row, swap: "outerHTML", values })
    .finally(() => { delete row.dataset.sent; setTimeout(() => document.removeEventListener("htmx:afterSettle", done), 2000); });
}

form?.addEventListener("keydown", (event) => {
  const row = event.target.closest("tr");
  if (event.key !== "Enter" || !row || !event.target.matches("td.num input")) return;
  event.preventDefault();
  const all = fields(row);
  const place = all.indexOf(event.target);
  const empty = all.slice(place + 1).find((input) => !input.value) ?? all.slice(place + 1)[0];
  if (empty && !row.querySelector("[name^=asked]")) return empty.focus();
  if (all.some((input) => input.value)) send(row);
  else next(row);
});

form?.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-row]");
  if (!button) return;
  event.preventDefault();
  send(button.closest("tr"), button);
});
