"""A PDF that a person saved from Excel beside the values of the form that it should show. For a guarded child."""

from webapp.papers import form_filling, form_print
from webapp.papers.form_fields import fields
from webapp.papers.form_filling import Filled
from webapp.papers.forms import paper_of
from webapp.papers.issue_form import IssueForm
from webapp.papers.revocation_form import RevocationForm

__all__ = ["IssueForm", "RevocationForm", "missing", "on_specimen"]


def missing(pdf: bytes, blank: bytes, mapping: dict | None, form) -> list[str]:
    """What our pages call the values that `pdf` does not show in full; `blank` and `mapping` of the CA's form that it was
    filled on, mapping None for our specimen. Raises Unreadable as form_print.look does."""
    expected = form_filling.filled(blank, mapping, form).expected if mapping else on_specimen(form).expected
    labels = fields("issue" if isinstance(form, IssueForm) else "revoke")
    return [labels[key].label for key in form_print.look(pdf, expected).missing]


def on_specimen(form, wants_seal: bool = True) -> Filled:
    """The form on our own specimen, and what a print of it shows."""
    paper = paper_of(form)
    xlsx = paper.fill(form, wants_seal=wants_seal)
    return Filled(xlsx, {key: [text] for key, text in paper.printed(form).items() if text}, xlsx)
