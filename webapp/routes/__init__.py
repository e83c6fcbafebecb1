"""One blueprint for each noun the user sees."""

from webapp.routes import (
    applications,
    certificates,
    delivery,
    desk,
    dispatch,
    drafts,
    examination,
    health,
    help,
    home,
    papers,
    records,
    sealing,
    session,
)

BLUEPRINTS = [
    module.bp
    for module in (
        applications,
        certificates,
        delivery,
        desk,
        dispatch,
        drafts,
        examination,
        health,
        help,
        home,
        papers,
        records,
        sealing,
        session,
    )
]
