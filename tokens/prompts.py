"""Ways in which a person gives a PIN: a window, the terminal, or a pipe for programs. A PIN pad is asked by the reader itself.

Each has the methods of `Terminal`. A PIN never comes from an argument or the environment.
"""

import getpass
import os
import sys

from tokens.errors import named
from tokens.pin_entry import LAST_TRY, PAD

TOLD_LAST = "次にPINを間違えると、トークンがロックされます。"
FEARED_LAST = "このトークンは残りの回数を知らせません。次に間違えると、ロックされるおそれがあります。"
TYPE_LAST = f"続ける場合は「{LAST_TRY}」と入力してください"
AT_THE_READER = "カードリーダーのPINパッドで入力してください。"
AT_THE_MODULE = "トークンのソフトウェアが開く画面で入力してください。"
NOT_THE_SAME = "2回の入力が一致しません。PINは変わっていません。"


def prompt(pipe=None):
    """The prompt for this place: the pipe (a descriptor) if one is given, else a window where there is a display and
    Tk, else the terminal."""
    if pipe is not None:
        return Pipe(pipe)
    if _has_display() and _has_tk():
        return Window()
    return Terminal()


class Terminal:
    """Typed at the terminal, without echo."""

    def pin(self, question):
        """The PIN asked for (text, not yet checked). Raises TokenError pin_not_given."""
        for warning in question.warnings:
            self.say(f"ご注意: {warning}")
        return self._typed(f"{question.title}: ")

    def new_pin(self, question):
        """A new PIN, typed twice."""
        pin = self._typed("新しいPIN(4~64文字): ")
        if self._typed("新しいPINをもう一度: ") != pin:
            self.say(NOT_THE_SAME)
            raise named("pin_not_given", "not the same")
        return pin

    def agrees_to_last_try(self, question, told):
        """True if the person types the words. `told`: the token itself says that it is the last try."""
        if not sys.stdin.isatty():
            return False
        self.say(TOLD_LAST if told else FEARED_LAST)
        return input(f"{TYPE_LAST}: ").strip() == LAST_TRY

    def point_to_reader(self, question):
        """Say where the PIN is typed instead."""
        self.say(f"{question.title}を、{AT_THE_READER if question.entry == PAD else AT_THE_MODULE}")

    def say(self, sentence):
        print(sentence, file=sys.stderr, flush=True)

    def _typed(self, words):
        if not sys.stdin.isatty():
            raise named("no_place_for_pin")
        try:
            return getpass.getpass(words)
        except EOFError as error:
            raise named("pin_not_given", "end of input") from error


class Pipe(Terminal):
    """A line for each PIN from an inherited descriptor: the PIN, then the one for signatures or the new one."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self._lines = None

    def pin(self, question):
        return self._line("second_pin_needed" if question.kind == "signature" else "pin_not_given")

    def new_pin(self, question):
        return self._line("pin_not_given")

    def agrees_to_last_try(self, question, told):
        return False  # never on behalf of somebody absent

    def _line(self, missing):
        try:
            if self._lines is None:
                with os.fdopen(self.descriptor, encoding="utf-8") as pipe:
                    self._lines = [line.rstrip("\r\n") for line in pipe.read(1000).splitlines(keepends=True)]
        except (OSError, UnicodeDecodeError) as error:
            raise named("pipe_unreadable", type(error).__name__) from error
        if not self._lines:
            raise named(missing, "pipe")
        return self._lines.pop(0)


class Window(Terminal):
    """A window of its own for each question."""

    def pin(self, question):
        (pin,) = self._asked(question.title, question.warnings, ["PIN"])
        return pin

    def new_pin(self, question):
        pin, again = self._asked(f"{question.title}の変更", (), ["新しいPIN(4~64文字)", "もう一度"])
        if pin != again:
            self._told(NOT_THE_SAME)
            raise named("pin_not_given", "not the same")
        return pin

    def agrees_to_last_try(self, question, told):
        words = (TOLD_LAST if told else FEARED_LAST, f"{TYPE_LAST}。")
        (typed,) = self._asked(question.title, words, ["確認の言葉"], hidden=False)
        return typed.strip() == LAST_TRY

    def _told(self, sentence):
        from tkinter import messagebox

        messagebox.showwarning("しるし", sentence)

    def _asked(self, title, sentences, labels, hidden=True):
        """What was typed, one text for each label. Raises TokenError pin_not_given if the window was closed."""
        import tkinter

        root, typed = tkinter.Tk(), []
        root.title("しるし: PINの入力" if hidden else "しるし: 確認")
        root.attributes("-topmost", True)
        for sentence in (title, *sentences):
            tkinter.Label(root, text=sentence, wraplength=420, justify="left", anchor="w").pack(
                fill="x", padx=16, pady=6
            )
        entries = []
        for label in labels:
            tkinter.Label(root, text=label, anchor="w").pack(fill="x", padx=16)
            entries.append(tkinter.Entry(root, show="●" if hidden else "", width=40))
            entries[-1].pack(fill="x", padx=16, pady=(0, 8))

        def accept(event=None):
            typed.extend(entry.get() for entry in entries)
            root.destroy()

        tkinter.Button(root, text="入力を終える", command=accept).pack(side="right", padx=16, pady=12)
        tkinter.Button(root, text="やめる", command=root.destroy).pack(side="right", pady=12)
        root.bind("<Return>", accept)
        root.bind("<Escape>", lambda event: root.destroy())
        entries[0].focus_force()
        root.mainloop()
        if not typed:
            raise named("pin_not_given", "window closed")
        return typed


def _has_display():
    return sys.platform in ("win32", "darwin") or any(os.environ.get(each) for each in ("DISPLAY", "WAYLAND_DISPLAY"))


def _has_tk():
    try:
        import tkinter
    except ImportError:
        return False
    try:
        tkinter.Tk().destroy()
    except tkinter.TclError:  # the display answers nobody
        return False
    return True
