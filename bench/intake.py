"""Reading a file from outside in a guarded child, beside reading the same file in this process."""

from importlib import import_module

from bench import Measured, measurement
from bench._time import median
from tests.fuzz import papers, specimens
from tests.fuzz.worlds import PASSWORD, frozen, world
from webapp.papers import guard

ROUNDS = 15


def _files():
    made = world()
    yield "証明書のZIP", "webapp.papers.delivery:open_zip", (specimens.deliveries()[0], PASSWORD)
    yield (
        "署名したPDF",
        "webapp.papers.seal:check",
        (papers.sealed()[0], frozen(), made.seal_roots, made.seal_others, made.now),
    )
    yield "発行申請書(Excel)", "webapp.papers.issue_form:read", (papers.issue_books()[0],)
    yield "メール", "webapp.papers.received_mail:read", (specimens.mails()[1],)


@measurement
def guarded():
    """What the child of its own costs: almost all of it is starting Python and importing the reader."""
    for name, function, arguments in _files():
        module, _, word = function.partition(":")
        here = getattr(import_module(module), word)
        alone = median(ROUNDS, lambda here=here, arguments=arguments: here(*arguments))
        child = median(ROUNDS, lambda function=function, arguments=arguments: guard.run(function, *arguments))
        yield Measured(f"{name}: 子プロセスで読む", child * 1000, "ミリ秒", child / alone, "同じプロセスで読む")
