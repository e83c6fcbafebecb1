"""The two kinds of forms: which module knows the paper that the values of a form are written on."""

from webapp.papers import issue_form, revocation_form

_PAPERS = {issue_form.IssueForm: issue_form, revocation_form.RevocationForm: revocation_form}


def paper_of(form):
    """The module issue_form for an IssueForm, revocation_form for a RevocationForm: NAME, LABELS, fill, read, as_read,
    printed."""
    return _PAPERS[type(form)]
