"""失効理由 as a clerk reads it on a form: by the name or the number of RFC 5280 §5.3.1, else by its words."""

import re

NAMES = {"unspecified": 0, "keyCompromise": 1, "affiliationChanged": 3, "superseded": 4, "cessationOfOperation": 5}
WORDS = {"危殆": 1, "盗難": 1, "紛失": 1, "漏": 1, "変更": 3, "置": 4, "中止": 5, "不要": 5, "その他": 0}


def code_of(text: str) -> int | None:
    """The reason code of what stands on the form, or None if it is none that an applicant may give."""
    found = [code for name, code in NAMES.items() if name.lower() in text.lower()]
    if number := re.match(r"(\d{1,2})(?!\S)", text):
        found.append(int(number[1]))
    elif not found:
        found += [code for word, code in WORDS.items() if word in text][:1]
    return found[0] if set(found) <= set(NAMES.values()) and len(set(found)) == 1 else None
