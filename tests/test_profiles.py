"""CA profiles as data (domain.md §15)."""

from datetime import UTC, datetime, timedelta

import ca
import pytest

from webapp import profiles
from webapp.papers import certificate
from webapp.papers.subject import Subject
from webapp.rules.status_addresses import addresses_for, is_listed

PRACTICE = "http://127.0.0.1:9081"


@pytest.mark.parametrize("name", ["upki-v2.4", "practice"])
def test_every_profile_is_complete(name):
    profile = profiles.load(name)
    assert name in profiles.names() and profile.name == name
    assert [document.key for document in profile.documents] == ["management", "policy", "practice_statement"]
    assert profile.attachments == {"issue": ("csr", "xlsx", "pdf"), "revoke": ("xlsx", "pdf")}
    assert profile.seal_roles["issue"] == ("head",) and "officer" in profile.seal_roles["revoke"]
    assert profile.business_days == 10
    assert {method.of for method in profile.identity_methods} == {"identity", "existence"}


def test_only_the_practice_profile_may_do_without_hardware():
    assert profiles.load("upki-v2.4").public and not profiles.load("practice").public


def test_the_practice_profile_sends_nothing_outside():
    practice = profiles.load("practice")
    assert all(address.endswith(".example") for address in (*practice.recipients, *practice.copies))
    assert practice.links == ()


def test_an_unknown_profile_is_refused():
    for name in ("nothing", "../practice", ""):
        with pytest.raises(profiles.UnknownProfile):
            profiles.load(name)


def test_the_longest_validity_goes_by_the_day_of_issue():
    profile = profiles.load("upki-v2.4")
    before, after = datetime(2026, 2, 28, 23, 59, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    assert profile.validity_at(before).longest_until(before) == datetime(2029, 5, 28, 23, 59, tzinfo=UTC)
    assert profile.validity_at(after).longest_until(after) == after + timedelta(days=460)
    assert (str(profile.validity_at(before)), str(profile.validity_at(after))) == ("39か月", "460日")


def test_the_common_name_is_the_registered_organisation():
    assert profiles.load("upki-v2.4").common_name_for(Subject(ca.SUBJECT)) == "Practice University"


def test_dates_at_the_ends_of_time_are_no_trouble():
    profile = profiles.load("upki-v2.4")
    early, late = datetime(1951, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    assert str(profile.validity_at(early)) == "39か月"
    assert profile.validity_at(late).longest_until(late).year == 9999
    assert profiles.Validity(early.date(), months=39).longest_until(late).year == 9999


# Where revocation is asked about


def certified(**urls):
    """A certificate with these addresses in it."""
    return certificate.read(ca.der(ca.Authority().code_signing(ca.new_key().public_key(), **urls)))


def test_the_practice_profile_asks_the_practice_desk_where_it_answers_now():
    here = addresses_for(certified(), profiles.load("practice"), PRACTICE)
    assert here.hosts == ("127.0.0.1:9081",)
    assert (here.crls, here.ocsps) == ((f"{PRACTICE}/ca/issuing.crl",), (f"{PRACTICE}/ocsp",))
    assert all(is_listed(url, here.hosts) for url in (*here.crls, *here.ocsps))


def test_the_practice_profile_asks_nobody_while_it_does_not_know_where_the_desk_is():
    nowhere = addresses_for(certified(), profiles.load("practice"), "")
    assert (nowhere.hosts, nowhere.crls, nowhere.ocsps) == ((), (), ())


def test_the_addresses_in_the_certificate_come_first_if_their_host_is_listed():
    own = certified(crl_urls=(f"{PRACTICE}/own.crl", "http://elsewhere.example/ca.crl", "ldap:///cn=ca"), ocsp_urls=())
    here = addresses_for(own, profiles.load("practice"), PRACTICE)
    assert (here.crls, here.ocsps) == ((f"{PRACTICE}/own.crl",), (f"{PRACTICE}/ocsp",))


def test_the_upki_profile_asks_only_what_its_certificates_name_at_its_own_hosts():
    upki = profiles.load("upki-v2.4")
    assert addresses_for(certified(), upki).crls == addresses_for(certified(), upki, PRACTICE).ocsps == ()
    url = "http://repo1.secomtrust.net/sppca/list.crl"
    assert addresses_for(certified(crl_urls=(url, "http://repo1.secomtrust.net.example/a.crl")), upki).crls == (url,)
    assert not [host for host in upki.status_hosts if "{" in host]
