"""Files as they leave the house: under names that every server and browser understands."""

import pytest

from webapp.pages import attachment


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("CS-2026-0001-1.pdf", "attachment; filename=CS-2026-0001-1.pdf"),
        ("証明書_CS-1.zip", "attachment; filename=CS-1.zip; filename*=UTF-8''%E8%A8%BC%E6%98%8E%E6%9B%B8_CS-1.zip"),
        (
            "承認する文書",
            "attachment; filename=file; filename*=UTF-8''%E6%89%BF%E8%AA%8D%E3%81%99%E3%82%8B%E6%96%87%E6%9B%B8",
        ),
        ('a"\r\nSet-Cookie: b', 'attachment; filename="a\\"Set-Cookie: b"'),
    ],
)
def test_a_file_is_saved_under_its_name_whatever_letters_it_has(house, name, header):
    with house.test_request_context():
        assert attachment(b"", name, "application/pdf").headers["Content-Disposition"] == header
