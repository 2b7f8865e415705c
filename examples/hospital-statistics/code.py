"""In which class of blood pressure was this day?"""

from sealhold.compute.guest import Object, Resources


def evaluate(obj: Object, res: Resources) -> int:
    """Return 0 for a day without a reading, 1 (optimal) to 5 (grade two and above) by its mean."""
    cells = obj["cells"]
    readings = cells.get("readings") if isinstance(cells, dict) else None
    if not readings:
        return 0
    high = sum(each["systolic"] for each in readings) / len(readings)
    low = sum(each["diastolic"] for each in readings) / len(readings)
    for number, (below_high, below_low) in enumerate(res["param"]):
        if high < below_high and low < below_low:
            return number + 1
    return 5
