"""How much of this day's power was drawn in the evening peak, in sixteen steps?"""

from sealhold.compute.guest import Object, Resources


def evaluate(obj: Object, res: Resources) -> int:
    """Return the energy drawn in the peak in steps of `step_wh`, at most 15."""
    cells, rule = obj["cells"], res["param"]
    if not isinstance(cells, dict):
        return 0
    drawn = 0
    for name, value in cells.items():
        if rule["from"] <= name < rule["until"] and isinstance(value, int):
            drawn += value
    return min(15, max(0, drawn // rule["step_wh"]))
