"""Lists that cost the same however large the register is: who may see what, filters, words and an order become one
page of rows, found by the key of the row where the page before ended (never by counting rows)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from heapq import merge
from operator import and_, or_

from peewee import OP, SQL, EnclosedNodeList, fn

from webapp import clock
from webapp.register.applications import Application
from webapp.register.certificates import Certificate
from webapp.register.database import InstantField, database
from webapp.register.dialect import is_postgresql
from webapp.register.words import MOST, Condition

COUNTED = 1000  # a list says how many rows it has up to here
AT_ONCE = 500  # rows that an export fetches in one go


def orders(table):
    """{name: expression} by which a list of Certificate or Application can be sorted; the id decides between equals."""
    if table is Certificate:
        return {
            "received": table.id,
            "end": table.not_after,
            "title": as_bytes(table.title),
            "number": fn.COALESCE(table.application, SQL("0")),
        }
    return {"number": table.id, "since": table.stage_since_at, "title": as_bytes(table.title)}


def as_bytes(column):
    """Both databases put texts into the order of their code points."""
    return column.collate('"C"') if is_postgresql(database.obj) else column


@dataclass(frozen=True)
class Listing:
    """What a person wants to see of Certificate or Application. `filters`: expressions; `words`: Conditions of
    register.words; `order`: a key of `orders`."""

    table: type
    person: object
    order: str
    is_descending: bool
    filters: tuple = ()
    words: tuple[Condition, ...] = ()

    def page(self, size, after=None, before=None):
        """(rows, is there more before, is there more after) behind the row with the id `after`, or in front of the row
        with the id `before`; an id that is not there begins at the top."""
        backward, at = (True, before) if before is not None else (False, after)
        place = self._place(at) if at is not None else None
        if at is not None and place is None:
            backward = False
        found = self._found(place, backward, size + 1)
        ids, is_more = [id for _, id in found[:size]], len(found) > size
        if backward:
            return self.fetch(ids[::-1]), is_more, True
        return self.fetch(ids), place is not None, is_more

    def count(self):
        """How many rows the list has, up to COUNTED + 1; None where counting would cost more than looking."""
        few = self._few()
        if few is not None:
            return min(len(few), COUNTED + 1)
        if self.words:
            return None
        seen = set()
        for branch in self._branches():
            query = _where(self.table.select(self.table.id), *branch, *self.filters).limit(COUNTED + 1)
            seen |= {id for (id,) in query.tuples()}
        return min(len(seen), COUNTED + 1)

    def ids(self, most):
        """The ids of all rows in their order, at most `most`."""
        few = self._sorted_few()
        found = self._walked(None, False, most) if few is None else few[:most]
        return [id for _, id in found]

    def rows(self, ids):
        """The rows with these ids, in this order, fetched a handful at a time."""
        for begin in range(0, len(ids), AT_ONCE):
            yield from self.fetch(ids[begin : begin + AT_ONCE])

    def fetch(self, ids):
        """The rows with these ids, in this order, as far as the person may see them."""
        if not ids:
            return []
        rows = {row.id: row for row in self.table.seen_by(self.person).where(self.table.id.in_(ids))}
        return [rows[id] for id in ids if id in rows]

    @property
    def _key(self):
        return orders(self.table)[self.order]

    def _place(self, id):
        """(key, id) of a row that the person may see, or None."""
        if not self.fetch([id]):
            return None
        return self.table.select(self._key, self.table.id).where(self.table.id == id).tuples().first()

    def _branches(self):
        """Conditions of which any lets the person see a row: each has an index of its own."""
        own = self.table.own_to(self.person)
        return [()] if own is None else [(each,) for each in own]

    def _found(self, place, backward, count):
        few = self._sorted_few()
        if few is None:
            return self._walked(place, backward, count)
        few = few[::-1] if backward else few
        if place is not None:
            ascends = self.is_descending == backward
            few = [each for each in few if (each > place if ascends else each < place)]
        return few[:count]

    def _sorted_few(self):
        few = self._few()
        return None if few is None else sorted(few, reverse=self.is_descending)

    def _few(self):
        """{(key, id)} of all rows of the list where some condition is fulfilled by few, else None."""
        if "few" not in self.__dict__:
            self.__dict__["few"] = self._narrowed()
        return self.__dict__["few"]

    def _narrowed(self):
        known = [condition.ids for condition in self.words if condition.ids is not None]
        tests = [condition.test for condition in self.words if condition.ids is None]
        if not known and not self.filters:
            return None
        if known:
            return self._keyed(frozenset.intersection(*known), [*tests, *self.filters])
        found = set()
        for branch in self._branches():
            query = _where(self.table.select(self.table.id), *branch, *self.filters).limit(MOST + 1)
            found |= {id for (id,) in query.tuples()}
            if len(found) > MOST:
                return None
        return self._keyed(found, tests)

    def _keyed(self, ids, tests):
        if not ids:
            return set()
        own = self.table.own_to(self.person)
        seen = [] if own is None else [reduce(or_, own)]
        where = reduce(and_, [self.table.id.in_(list(ids)), *tests, *seen])
        return set(self.table.select(self._key, self.table.id).where(where).tuples())

    def _walked(self, place, backward, count):
        """The next (key, id) along the index of the order, from each branch, together and each once."""
        descends = self.is_descending != backward
        found = merge(*(self._walk(branch, place, descends, count) for branch in self._branches()), reverse=descends)
        return list(dict.fromkeys(found))[:count]

    def _walk(self, branch, place, descends, count):
        key, id = self._key, self.table.id
        query = _where(self.table.select(key, id), *branch, *self.filters, *(each.test for each in self.words))
        is_id = self.order in ("received",) or (self.table is Application and self.order == "number")
        if place is not None:
            query = query.where(*_beyond(key, id, place, is_id, descends))
        sort = ([id + 0] if self._begins_behind_the_ended(descends) else [id]) if is_id else [key, id]
        return list(query.order_by(*(-each if descends else each for each in sort)).limit(count).tuples())

    def _begins_behind_the_ended(self, descends):
        """Whether a walk over the ids would first pass all that ended long ago: then the few that are still valid are
        found by their end and sorted, which `+ 0` tells the databases."""
        if self.table is not Certificate or descends:
            return False
        since = clock.now() - timedelta(days=1)
        return any(
            each.lhs is Certificate.not_after and each.op == OP.GTE and each.rhs > since for each in self.filters
        )


def _where(query, *tests):
    return query.where(*tests) if tests else query


def _beyond(key, id, place, is_id, descends):
    """What lies behind a place. The key is bounded alone too: an index over an expression is looked up by that only."""
    if is_id:
        return [id < place[1] if descends else id > place[1]]
    here, there, edge = _together(key, id), _together(*place), _together(place[0])
    return [key <= edge, here < there] if descends else [key >= edge, here > there]


def _together(*values):
    """(a, b), compared as a whole; an instant as the number that stands in the table."""
    return EnclosedNodeList([InstantField().db_value(each) if isinstance(each, datetime) else each for each in values])
