"""The desk's cases: one for each mail with an application, its state and what the desk found."""

import json
from dataclasses import asdict, dataclass

from webapp.practice.checks import FAULT, Finding
from webapp.practice.packet import ISSUE, REVOCATION

RECEIVED, EXAMINED, FAULTY, RETURNED = "received", "examined", "faulty", "returned"
CALLED, ISSUED, REVOKED = "called", "issued", "revoked"
STATES = {
    RECEIVED: "受付済",
    EXAMINED: "書類審査済",
    FAULTY: "不備あり",
    RETURNED: "不備連絡済",
    CALLED: "電話確認済",
    ISSUED: "発行済",
    REVOKED: "失効済",
}
KINDS = {ISSUE: "発行申請", REVOCATION: "失効申請"}
# What comes next: (kind, state) -> (act, its button)
STEPS = {
    (ISSUE, RECEIVED): ("examine", "検査する"),
    (ISSUE, EXAMINED): ("call", "電話をかけた"),
    (ISSUE, CALLED): ("issue", "発行して送付"),
    (ISSUE, FAULTY): ("complain", "不備を連絡"),
    (REVOCATION, RECEIVED): ("examine", "検査する"),
    (REVOCATION, EXAMINED): ("revoke", "失効して通知"),
    (REVOCATION, FAULTY): ("complain", "不備を連絡"),
}


class OutOfTurn(Exception):
    """The case is not in the state that the act needs."""


@dataclass(frozen=True)
class Case:
    """A row of the case list. `number` is the applicant's own, `answer_id` the mail that the desk answered with."""

    id: int
    mail_id: int
    kind: str
    number: str
    state: str
    findings: tuple
    opened_at: str
    called_at: str | None
    serial: str | None
    answer_id: int | None

    @property
    def step(self):
        """(act, button) of the next step, or None at the end."""
        return STEPS.get((self.kind, self.state))

    @property
    def faults(self):
        """The sentences that go into the letter."""
        return [finding.sentence for finding in self.findings if finding.result == FAULT]

    def demand(self, act):
        """Raises OutOfTurn unless `act` is the next step."""
        if not self.step or self.step[0] != act:
            raise OutOfTurn(f"受付番号{self.id}は「{STATES[self.state]}」のため、この操作はできません。")


class Cases:
    """The case list in the desk's store."""

    def __init__(self, store):
        self.store = store

    def open(self, mail_id, kind, number, now) -> Case:
        """A new case for a mail."""
        with self.store.open() as db:
            row = (mail_id, kind, number, RECEIVED, now.isoformat())
            sql = "INSERT INTO cases (mail_id, kind, number, state, opened_at) VALUES (?, ?, ?, ?, ?)"
            case_id = db.execute(sql, row).lastrowid
        return self.case(case_id)

    def case(self, case_id) -> Case | None:
        """The case of that number, or None."""
        row = self.store.one("SELECT * FROM cases WHERE id = ?", case_id)
        return _case(row) if row else None

    def of_mail(self, mail_id) -> Case | None:
        """The case that a mail opened, or None."""
        row = self.store.one("SELECT * FROM cases WHERE mail_id = ?", mail_id)
        return _case(row) if row else None

    def all(self) -> list[Case]:
        """Every case, newest first."""
        return [_case(row) for row in self.store.all("SELECT * FROM cases ORDER BY id DESC")]

    def move(self, case, state, **facts) -> Case:
        """Sets the state and the named columns, if nobody was faster. Raises OutOfTurn."""
        if "findings" in facts:
            facts["findings"] = json.dumps([asdict(finding) for finding in facts["findings"]], ensure_ascii=False)
        columns = ", ".join(f"{name} = ?" for name in ("state", *facts))
        sql = f"UPDATE cases SET {columns} WHERE id = ? AND state = ?"
        if not self.store.write(sql, state, *facts.values(), case.id, case.state):
            raise OutOfTurn(f"受付番号{case.id}は、すでに次の状態に進んでいます。")
        return self.case(case.id)


def _case(row):
    values = dict(row) | {"findings": tuple(Finding(**found) for found in json.loads(row["findings"]))}
    return Case(**values)
