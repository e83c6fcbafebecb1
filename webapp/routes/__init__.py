"""One blueprint for each noun the user sees."""

from webapp.routes import (
    administration,
    applications,
    certificates,
    delivery,
    desk,
    dispatch,
    drafts,
    examination,
    gallery,
    health,
    help,
    home,
    lookup,
    papers,
    passwords,
    records,
    sealing,
    session,
)

BLUEPRINTS = [
    module.bp
    for module in (
        administration,
        applications,
        certificates,
        delivery,
        desk,
        dispatch,
        drafts,
        examination,
        gallery,
        health,
        help,
        home,
        lookup,
        papers,
        passwords,
        records,
        sealing,
        session,
    )
]
