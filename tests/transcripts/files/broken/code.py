"""Was this trip a green ride: longer than a stroll to the corner, slower than a motor?"""

from sealhold.compute.guest import Object, Resources


def evaluate(obj: Object, res: Resources) -> int:
    """Return 1 for a green ride, 0 for any other trip."""
    rule = res["param"]
    distance, speed = obj["distance_m"], obj["max_speed_ms"]
    if distance is None or speed is None:
        return 0
    if distance > rule["over_m"] and speed < rule["below_ms"]:
        return 1
    return 0
