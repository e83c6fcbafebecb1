import ca
import pytest
from cryptography import x509

from webapp.papers.subject import Subject, common_name_of

REGISTERED = Subject(ca.SUBJECT)


def test_it_reads_a_name_as_a_list_of_attributes_in_encoded_order():
    assert Subject.from_name(ca.name(ca.SUBJECT)).values == ca.SUBJECT


def test_it_writes_itself_for_people_with_the_most_specific_first():
    assert str(REGISTERED) == "CN=Practice University, O=Practice University, L=Chiyoda-ku, ST=Tokyo, C=JP"


def test_it_survives_commas_equals_signs_and_slashes_in_values():
    odd = Subject((("C", "JP"), ("O", "A, B=C/D (E: F)"), ("CN", "x")))
    assert Subject.from_name(odd.name()) == odd


def test_it_encodes_the_country_printable_and_the_rest_in_utf8():
    der = Subject((("C", "JP"), ("O", "Practice"))).der
    assert b"\x13\x02JP" in der and b"\x0c\x08Practice" in der


def test_it_keeps_an_attribute_without_a_short_name_under_its_oid():
    name = x509.Name([x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, "7")])
    assert Subject.from_name(name).values == (("2.5.4.5", "7"),)
    assert Subject.from_name(name).name() == name


def test_it_gives_the_first_all_or_nothing():
    twice = Subject((("OU", "a"), ("OU", "b")))
    assert (twice.get("OU"), twice.all("OU"), twice.get("L")) == ("a", ("a", "b"), "")


def test_subjects_differ_when_only_the_order_or_the_case_differs():
    assert Subject(tuple(reversed(ca.SUBJECT))) != REGISTERED
    assert Subject((("C", "JP"), ("L", "Kyoto"))) != Subject((("C", "JP"), ("L", "kyoto")))


def test_it_does_not_encode_what_x509_forbids():
    with pytest.raises(ValueError, match="length"):
        Subject((("CN", "x" * 65),)).name()


@pytest.mark.parametrize("name", ["Practice (練習) Code Signing CA", "A, Inc.", "A=B", "", "A, B C=D"])
def test_the_cn_is_found_in_a_name_written_for_people(name):
    assert common_name_of(str(Subject((("C", "JP"), ("O", "SECOM Trust Systems CO.,LTD."), ("CN", name))))) == name
    assert common_name_of(f"CN={name}") == name
    assert common_name_of("O=Shinsei University, C=JP") == ""
