"""`python -m tokens`: keys, requests, seals, mails and proofs from the command line, for people with a card of their own."""

import argparse
import sys

from tokens.commands import health, keys, looking, pin, sign, signing
from tokens.commands.arguments import AFTERWORD
from tokens.errors import TokenError
from tokens.process import leave_no_core
from tokens.station import commands as station
from tokens.terminal import Complaint, complain

DONE, REFUSED, USAGE, PIN, PIN_LOCKED, NO_TOKEN, NO_MODULE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130
STATUSES = {
    PIN: "pin_incorrect pin_length pin_expired pin_not_set pin_weak pin_unsuitable pin_not_given no_place_for_pin "
    "pipe_unreadable second_pin_needed login_state",
    PIN_LOCKED: "pin_locked pin_final_try",
    NO_TOKEN: "token_missing token_ambiguous token_removed token_unreadable",
    NO_MODULE: "module_unusable timeout worker_died function_failed busy",
}


def main(arguments=None):
    leave_no_core()
    options = parser().parse_args(arguments)
    try:
        options.act(options)
    except (TokenError, Complaint) as error:
        complain(error)
        return status_of(error)
    except KeyboardInterrupt:
        print("\n中止しました。", file=sys.stderr)
        return INTERRUPTED
    return DONE


def status_of(error):
    """The exit status for a TokenError or Complaint."""
    code = getattr(error, "code", "")
    return next((status for status, codes in STATUSES.items() if code in codes.split()), REFUSED)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"指定が正しくありません。「{self.prog} --help」で使い方をお確かめください。\n  ({message})\n")


def parser():
    whole = Parser(
        prog="python -m tokens",
        description="ICカードやHSMの鍵と証明書を扱います。はじめは doctor、modules、list をお試しください。",
        epilog=AFTERWORD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = whole.add_subparsers(required=True, metavar="操作")
    for noun in (health, looking, keys, signing, sign, pin, station):
        noun.register(acts)
    return whole


if __name__ == "__main__":
    sys.exit(main())
