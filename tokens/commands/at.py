"""Which module, which token and which prompt the options of a command mean."""

import sys
from contextlib import contextmanager

from tokens import modules, prompts
from tokens.errors import TokenError, named
from tokens.pin_entry import sign_in
from tokens.terminal import Complaint, say
from tokens.worker import TokenWorker

LOOKING_SECONDS = 30


@contextmanager
def opened(options):
    """(TokenWorker, the chosen token as operation "tokens" tells it): by --module and --token, each of which may be left
    out where there is no choice."""
    with TokenWorker(_module(options)) as worker:
        yield worker, _only(_wanted(worker, options.token))


def signed_in(options, op, **arguments):
    """The answer of one operation with the person's PIN, on the chosen token."""
    with opened(options) as (worker, token):
        return asked(options, worker, token, op, **arguments)


def asked(options, worker, token, op, **arguments):
    """The same on a token already chosen."""
    prompt = prompts.prompt(options.pin_fd)
    return sign_in(worker, token, prompt, op, entry=options.pin_entry or "", **arguments)


def candidates(options):
    """The paths to look at: that of --module, else every module of this computer. Raises Complaint."""
    if options.module:
        return [modules.path_of(options.module)]
    found = [module.path for module in modules.found()]
    if not found:
        raise Complaint(
            "PKCS#11モジュールが、いつもの場所に見つかりません。",
            "トークンに付属のソフトウェアを入れるか、--moduleでモジュールの場所を指定してください。",
        )
    return found


def _module(options):
    """The path of the one module: among several that which shows the wanted token."""
    paths = candidates(options)
    if len(paths) == 1:
        return paths[0]
    showing = [path for path in paths if _shows(path, options.token)]
    if not showing:
        raise named("token_missing")
    if len(showing) > 1:
        names = "、".join(module.name for module in modules.found() if module.path in showing)
        raise Complaint("このトークンは、2つ以上のモジュールから見えます。", f"--moduleで選んでください: {names}")
    say(f"モジュール {showing[0]} を使います。")
    return showing[0]


def _shows(path, wanted):
    try:
        with TokenWorker(path) as worker:
            return bool(_wanted(worker, wanted))
    except TokenError as error:
        print(f"モジュール {path} は使えません: {error.message}", file=sys.stderr)
        return False


def _wanted(worker, wanted):
    present = worker.call("tokens", timeout=LOOKING_SECONDS)["tokens"]
    return [each for each in present if wanted in (None, each["label"], each["serial"])]


def _only(found):
    if len(found) != 1:
        raise named("token_ambiguous" if found else "token_missing")
    return found[0]
