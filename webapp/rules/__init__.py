"""The rule catalogue: one function a rule, grouped by noun; values in, findings out."""

from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """What a rule found. `id` is the catalogue's (CSR-02), `severity` ERROR or WARNING, `field` the form field it
    concerns, `sentence` what is so, `advice` what to do (both Japanese)."""

    id: str
    severity: str
    field: str
    sentence: str
    advice: str = ""
