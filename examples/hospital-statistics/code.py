"""In which class of blood pressure was the reading of this day?"""

from sealhold.compute.guest import Object, Resources


def evaluate(obj: Object, res: Resources) -> int:
    """Return 0 for no reading, 1 (optimal) to 5 (grade two and above) for a reading."""
    cells = obj["cells"]
    if not isinstance(cells, dict):
        return 0
    high, low = cells.get("systolic"), cells.get("diastolic")
    if not isinstance(high, int) or not isinstance(low, int):
        return 0
    for number, (below_high, below_low) in enumerate(res["param"]):
        if high < below_high and low < below_low:
            return number + 1
    return 5
