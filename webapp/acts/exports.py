"""Saving a list as a file: what left the house, and by what it was chosen, stands in the chain."""

from webapp.register import Event, Institution, database


def export(who, listing, most, told, chosen_by):
    """Write that somebody saves a Listing, and return the ids of its rows (at most `most`). `told`: {what, format};
    `chosen_by`: the view in words, which may name people."""
    ids = listing.ids(most + 1)
    is_cut, ids = len(ids) > most, ids[:most]
    with database.atomic():
        facts = {**told, "count": len(ids), "is_cut": is_cut}
        Event.write("export", Institution.here(), who.person, who.address, facts, {"note": chosen_by or "すべて"})
    return ids, is_cut
