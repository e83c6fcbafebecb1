"""PINs, and software tokens for practice."""

from tokens import pins, prompts, softhsm
from tokens.commands import arguments, at
from tokens.modules import path_of
from tokens.pin_entry import Question
from tokens.terminal import say


def register(acts):
    arguments.act(acts, "change-pin", change_pin, "トークンのPINを変更します。")

    init = arguments.act(acts, "init-softhsm", init_softhsm, "練習用のソフトウェアトークンを作ります。")
    init.set_defaults(module=softhsm.MODULE)
    init.add_argument("directory", help="トークンを置くフォルダー")


def change_pin(options):
    """A new PIN in place of the old one; a reader with a PIN pad asks for both itself."""
    done = at.signed_in(options, "change_pin")
    say(f"トークン「{done['token']['label']}」のPINを変更しました。")


def init_softhsm(options):
    """A software token for practice."""
    label = options.token or "練習カード"
    names = {"label": label, "serial": "これから作成", "manufacturer": "", "model": ""}
    pin = pins.sound(prompts.prompt(options.pin_fd).new_pin(Question(names)))
    env = softhsm.make_token(options.directory, label, pin, path_of(options.module))
    say(f"練習用のトークン「{label}」を作りました。")
    say("使う前に、次の行を端末で実行してください。", f"export SOFTHSM2_CONF={env['SOFTHSM2_CONF']}")
