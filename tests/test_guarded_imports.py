"""What a guarded child imports: what its reader needs and no more, because every file pays for it."""

from tests.fuzz import papers, specimens
from webapp.papers import guard

HERE = "tests.guarded_functions"


def _imported(function, *args):
    answer, packages = guard.run(f"{HERE}:read", function, *args)
    assert answer
    return set(packages)


def test_the_child_that_reads_a_mail_judges_signatures_only_where_there_is_one():
    plain = _imported("webapp.papers.received_mail:read", specimens.mails()[1])
    assert not plain & {"pyhanko", "pyhanko_certvalidator", "asn1crypto", "cryptography", "asyncio"}
    assert "pyhanko_certvalidator" in _imported("webapp.papers.received_mail:read", specimens.signed_letters()[0])


def test_the_child_that_reads_a_form_has_nothing_for_drawing_one():
    packages = _imported("webapp.papers.issue_form:read", papers.issue_books()[0])
    assert "python_calamine" in packages and not packages & {"openpyxl", "PIL", "lxml", "asn1crypto"}
