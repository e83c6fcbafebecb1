// <print-page hidden> shows its button where scripts run; elsewhere the browser's own menu prints.
customElements.define("print-page", class extends HTMLElement {
  connectedCallback() {
    this.hidden = false
    this.addEventListener("click", () => print())
  }
})
