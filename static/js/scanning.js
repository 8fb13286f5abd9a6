// form[data-scan]: a scanned reorder number that stands on the page counts at once; any other goes to the server.
// [data-key]: a line, by the letters and digits of its number, as metered/fleet/reorder_numbers.py makes them.
const form = document.querySelector("form[data-scan]");
const field = form?.querySelector("[name=scan]");
const said = document.getElementById("scan-said");

const keyOf = (text) =>
  text.toUpperCase().replace(/[^0-9A-Z]/g, "").replace(/[0-9]+/g, (run) => run.replace(/^0+/, "") || "0");

field?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  const key = keyOf(field.value);
  const line = key && [...form.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  const condition = form.querySelector("[name=counts_as]").value;
  const count = line?.querySelector(`[name^="${condition}-"]`);
  if (!count || !/^[0-9]{0,5}$/.test(count.value.trim())) return;
  event.preventDefault();
  count.value = String(Number(count.value) + 1);
  said.textContent = form.dataset.scanSaid
    .replace("%(supply)s", line.dataset.name)
    .replace("%(units)s", count.value);
  field.value = "";
});

// What needs another look is where the cursor goes, else where the scanner types.
(document.querySelector("[aria-invalid=true]") ?? field)?.focus();
