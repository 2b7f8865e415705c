"""Says that it tells a class of blood pressure, and returns the blood pressure itself."""

from sealhold.compute.guest import Object, Resources


def evaluate(obj: Object, res: Resources) -> int:
    """Return the first systolic value of the day, which is no member of the declared range."""
    for each in obj["cells"]["readings"]:
        return each["systolic"] if res["param"] else 0
    return 0
