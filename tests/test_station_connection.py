"""What a station says of its connection, and how it asks."""

import pytest

from tests.played_intranet import PlayedIntranet
from tests.stationed import station

pytestmark = pytest.mark.usefixtures("own_folders")


def test_a_station_is_answered_at_once_until_it_knows_that_the_server_is_there():
    with PlayedIntranet() as intranet:
        agent = station(intranet, cards=None)
        assert agent.state.name == "connecting"
        for down, state in ((False, "waiting"), (False, "waiting"), (True, "unreachable"), (False, "waiting")):
            intranet.answers = {"/station/jobs": (503, {}, b"{}")} if down else {}
            agent.look(agent.pairings[0])
            assert agent.state.name == state
        asked = [body for _, path, _, body in intranet.asked if path == "/station/jobs"]
        assert asked == [b'{"wait":false}', b"{}", b"{}", b'{"wait":false}']
