"""Files from outside: kept first, then read in a guarded child; what became of one is written on it."""

from contextlib import contextmanager

from webapp import clock
from webapp.errors import Incomplete, Refused
from webapp.papers.armour import PrivateKeyPasted
from webapp.register import Content, Intake, database

LARGEST = 20 * 1024 * 1024  # bytes


def receive(application, who, purpose, name, data, is_secret):
    """Keep a file as it came and return its Intake. Raises Incomplete for no file or one that is too large."""
    if not data:
        raise Incomplete(
            "ファイルが選ばれていません。",
            "ファイルを選んでから送信してください。",
            {"file": "ファイルを選んでください。"},
        )
    if len(data) > LARGEST:
        raise Incomplete(
            "ファイルが大きすぎます。",
            "20MB以内のファイルを選んでください。",
            {"file": "20MB以内のファイルを選んでください。"},
        )
    return Intake.create(
        application=application,
        purpose=purpose,
        name=name[-200:],
        size=len(data),
        content=Content.keep(data, is_encrypted=is_secret),
        received_at=clock.now(),
        person=who.person,
        state="received",
        sentence="",
    )


@contextmanager
def reading(intake):
    """While the file is read and acted on: a refusal is written on the intake and goes on to the person. A file that
    holds a private key is not kept at all."""
    with refusing(intake):
        yield
    settle(intake, "taken")


@contextmanager
def refusing(intake):
    """The same while the file is only read: nobody has acted on it yet."""
    try:
        yield
    except PrivateKeyPasted:
        _forget(intake)
        raise
    except Refused as refusal:
        settle(intake, "refused", refusal.message)
        raise


def settle(intake, state, sentence=""):
    """Write what became of a file: taken, or refused with a sentence."""
    intake.state, intake.sentence = state, sentence
    intake.save(only=[Intake.state, Intake.sentence])


def _forget(intake):
    with database.atomic():
        sha256 = intake.sha256
        intake.delete_instance()
        if not Intake.select().where(Intake.content == sha256).exists():
            Content.delete().where(Content.sha256 == sha256).execute()
