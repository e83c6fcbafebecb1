"""発行申請書: the values of an application for issue and the Excel sheet they are written on (seed 1-1-2).

`form_values` holds the values, the labels and the mark; `form_sheet` draws our specimen (見本) and fills it;
`form_reader` reads a sheet back, by its labels. Others import from here.
"""

from webapp.papers.form_reader import read
from webapp.papers.form_sheet import draw_blank, fill
from webapp.papers.form_values import LABELS, IssueForm, canonical, mark_line, mark_of

__all__ = ["LABELS", "IssueForm", "canonical", "draw_blank", "fill", "mark_line", "mark_of", "read"]
