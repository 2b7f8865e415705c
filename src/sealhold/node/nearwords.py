"""What is told of a round in words: devices of the home network by their names.

- A carrier of the home network is called by a device's id, which says nothing to a person.

Source: docs/spec/14-relay.md section 9.
"""

from collections.abc import Iterable, Mapping

from sealhold.model.ids import DeviceId


class NearWords:
    """Tells of devices by their names."""

    def __init__(self, me: DeviceId, names: Mapping[DeviceId, str]) -> None:
        """Take this device, and what all are called."""
        self._names = {
            device.hex(): f"{name} on the home network" for device, name in names.items()
        }
        self._names[me.hex()] = "what is kept here for the home network"

    def troubles(self, told: Iterable[str]) -> tuple[str, ...]:
        """Return sentences, each with a name in the place of an id at its beginning."""
        return tuple(self._named(each) for each in told)

    def away(self, places: Iterable[str]) -> tuple[str, ...]:
        """Return the places that do not answer; that a device left the network is no fault."""
        return tuple(each for each in places if each not in self._names)

    def unseen(self, why: str) -> tuple[str, ...]:
        """Return why nobody can be found, as a sentence; none if they can."""
        return (f"the home network: {why}",) if why else ()

    def _named(self, told: str) -> str:
        place, mark, rest = told.partition(": ")
        return f"{self._names[place]}{mark}{rest}" if mark and place in self._names else told
