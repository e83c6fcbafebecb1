// <drop-zone> holds a prompt, a file input and .drop-names. Without this script the input alone serves.
customElements.define("drop-zone", class extends HTMLElement {
  connectedCallback() {
    for (const name of ["dragenter", "dragover"]) this.addEventListener(name, (event) => this.over(event))
    for (const name of ["dragleave", "dragend", "drop"]) this.addEventListener(name, () => this.removeAttribute("data-over"))
    this.addEventListener("drop", (event) => this.take(event))
    this.addEventListener("change", () => this.tell())
  }

  get input() {
    return this.querySelector("input[type=file]")
  }

  over(event) {
    if (!event.dataTransfer.types.includes("Files")) return
    event.preventDefault()
    this.setAttribute("data-over", "")
  }

  take(event) {
    if (!event.dataTransfer.files.length) return
    event.preventDefault()
    const several = event.dataTransfer.files.length > 1 && !this.input.multiple
    if (several) return this.say("ファイルは1つだけ選択してください。")
    this.input.files = event.dataTransfer.files
    this.tell()
  }

  tell() {
    const names = [...this.input.files].map((file) => `${file.name}(${this.size(file.size)})`)
    this.say(names.length ? `選択したファイル: ${names.join("、")}` : "")
  }

  size(bytes) {
    if (bytes < 1000) return `${bytes} バイト`
    return bytes < 1000000 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1000000).toFixed(1)} MB`
  }

  say(sentence) {
    this.querySelector(".drop-names").textContent = sentence
  }
})
