"""What our specimen of a form looks like, as values. `form_sheet` draws it; who only reads a sheet goes without that room."""

from dataclasses import dataclass, field, replace

NO_SEAL = "この申請書には、捺印も電子署名も要りません。"


@dataclass(frozen=True)
class Design:
    """What a form looks like. `labels`: (group, label) as printed -> key, in the order of the rows; `seal_group`: the
    group whose rows make room for 印 (`seal_group_lines`: its name, broken over lines). By key: `tall` the height of a
    row in points, `large` the size of the letters, `wrapped` what may take several lines, `upright` what is set in the
    Gothic. `name` is the sheet's, `title`, `sentence` and `note` stand above and below the table. `has_seal`: there is
    a 印."""

    name: str
    title: str
    sentence: str
    note: str
    labels: dict
    seal_group: str
    seal_group_lines: str
    tall: dict = field(default_factory=dict)
    large: dict = field(default_factory=dict)
    wrapped: tuple = ()
    upright: tuple = ()
    has_seal: bool = True

    def without_seal(self):
        return replace(self, note=NO_SEAL, has_seal=False)


def sheet():
    """form_sheet, which brings openpyxl: a guarded child that only reads goes without it."""
    from webapp.papers import form_sheet

    return form_sheet
