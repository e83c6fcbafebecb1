// <busy-note hidden> inside a form says at once that the form was heard, and keeps it from being sent twice.
customElements.define("busy-note", class extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form")
    this.setAttribute("role", "status")
    this.form.addEventListener("submit", (event) => this.heard(event))
    this.form.addEventListener("htmx:afterRequest", () => this.rest())
    addEventListener("pageshow", () => this.rest())
  }

  heard(event) {
    if (this.busy) {
      event.preventDefault()
      event.stopImmediatePropagation()
      return
    }
    this.busy = true
    this.hidden = false
    for (const button of this.form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true")
  }

  rest() {
    this.busy = false
    this.hidden = true
    for (const button of this.form.querySelectorAll("button")) button.removeAttribute("aria-disabled")
  }
})
