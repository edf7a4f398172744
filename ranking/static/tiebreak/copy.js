/* A button that copies what a field holds: `data-copies` names the field, and the element "<field>-copied" says what became of it. */

document.addEventListener("click", async (event) => {
  const field = document.getElementById(event.target.closest("[data-copies]")?.dataset.copies);
  if (!field) return;
  field.select();
  // Without HTTPS a browser has no clipboard to write to, only the old command.
  const copied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false) || document.execCommand("copy");
  document.getElementById(`${field.id}-copied`).textContent = copied ? "Copied." : "Copy it with Ctrl+C: it is selected.";
});
