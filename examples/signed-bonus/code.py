"""Was this a green ride, and did the bike computer that we trust record it?"""

from sealhold.compute.guest import Object, Resources


def evaluate(obj: Object, res: Resources) -> int:
    """Return 1 for a green ride that was signed by its source, 0 for any other trip."""
    rule = res["param"]
    if obj.get("signed_by") != rule["signed_by"]:
        return 0
    distance, speed = obj["distance_m"], obj["max_speed_ms"]
    if distance is None or speed is None:
        return 0
    if distance > rule["over_m"] and speed < rule["below_ms"]:
        return 1
    return 0
