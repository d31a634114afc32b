// A question with a dialog: nothing that changes a run happens without one.

const dialog = document.getElementById("confirm");
const get = (id) => document.getElementById(id);

// confirm asks and resolves with the values of the fields, or with null. Fields are {name, label, type, value, hint}.
export function confirm({ head, text, yes, danger = false, fields = [] }) {
  get("confirm-head").textContent = head;
  get("confirm-text").textContent = text;
  const button = get("confirm-yes");
  button.textContent = yes;
  button.classList.toggle("danger", danger);
  const inputs = fields.map(field);
  get("confirm-fields").replaceChildren(...inputs.map((i) => i.row));
  dialog.returnValue = "no";
  dialog.showModal();
  (inputs[0]?.input || get("confirm-no")).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? Object.fromEntries(inputs.map(({ name, input }) => [name, input.type === "checkbox" ? input.checked : input.value])) : null);
    }, { once: true });
  });
}

function field({ name, label, type = "text", value = "" }) {
  const input = document.createElement("input");
  input.type = type;
  input.id = `field-${name}`;
  if (type === "checkbox") input.checked = Boolean(value); else input.value = value;
  if (type === "number") input.min = "0";
  const text = document.createElement("label");
  text.htmlFor = input.id;
  text.textContent = label;
  const row = document.createElement("div");
  row.append(...(type === "checkbox" ? [input, " ", text] : [text, input]));
  return { name, input, row };
}
