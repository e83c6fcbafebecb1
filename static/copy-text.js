// <copy-text> adds a button that copies the text it holds. navigator.clipboard exists on secure origins only; an
// intranet host over plain HTTP is none, so the text is selected and copied the old way there.
customElements.define("copy-text", class extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("button")) return
    this.text = this.firstElementChild
    this.button = document.createElement("button")
    Object.assign(this.button, { type: "button", className: "button", textContent: "コピー" })
    this.button.dataset.kind = "secondary"
    this.button.addEventListener("click", () => this.copy())
    this.append(this.button, this.status())
  }

  status() {
    this.told = document.createElement("span")
    this.told.className = "visually-hidden"
    this.told.setAttribute("role", "status")
    return this.told
  }

  async copy() {
    const copied = navigator.clipboard ? await this.write() : this.select()
    this.button.textContent = copied ? "コピー済" : "選択済"
    this.told.textContent = copied ? "コピーしました。" : "選択しました。キーボードでコピーしてください。"
    setTimeout(() => { this.button.textContent = "コピー" }, 3000)
  }

  write() {
    return navigator.clipboard.writeText(this.text.textContent).then(() => true, () => this.select())
  }

  select() {
    getSelection().selectAllChildren(this.text)
    return document.execCommand("copy")
  }
})
