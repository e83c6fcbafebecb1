"""`doctor`: every check a sentence, with advice where something is to be done."""

from tokens import doctor, modules
from tokens.commands import arguments
from tokens.terminal import Complaint, say


def register(acts):
    arguments.act(acts, "doctor", examine, "リーダー、モジュール、カード、PIN、証明書の具合を順に調べます。", pin=False)


def examine(options):
    """Raises Complaint if anything is wrong, so that the exit status tells it."""
    found = modules.found()
    if options.module:
        path = modules.path_of(options.module)
        found = [each for each in found if each.path == path] or [modules.Found(path, path, path)]
    findings = doctor.examine(found)
    for finding in findings:
        say(f"[{finding.result}] {finding.sentence}")
        if finding.advice:
            say(f"    → {finding.advice}")
    wrong = sum(finding.result == doctor.WRONG for finding in findings)
    if wrong:
        raise Complaint(
            f"直す必要のあるところが{wrong}か所あります。", "[異常]の行の案内に沿って、上から順にお確かめください。"
        )
    say("使うのに差し支えるところは見つかりませんでした。")
    if doctor.UNUSED in {finding.result for finding in findings}:
        say("お使いのカードが上に出ていないときは、そのカードのモジュールを --module で指定して調べてください。")
