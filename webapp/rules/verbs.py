"""At which verbs of the procedure several rules alike are asked."""

from webapp.procedure import PROCEDURES, Kind

ON_DISPATCH = ("dispatch", "dispatch_by_hand")
ON_CSR = ("make_key", "attach_csr", "submit", "examine", *ON_DISPATCH)
ON_SEAL = ("seal", "stamp")
ON_DELIVERY = ("take_delivery",)
ON_REVOCATION = ("give_reason", "submit", "examine")
EVERY = {kind: tuple(act.verb for act in PROCEDURES[kind]) for kind in Kind}
