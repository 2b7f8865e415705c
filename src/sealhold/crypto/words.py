"""256 short words, one per byte value: plain, concrete, and no two alike at the start.

The order is part of the format: words shown once must stay the same.
"""

WORDS = tuple(
    """
acid actor adopt alarm album amber angle ankle apple apron arch army atlas attic autumn axle
bacon badge baker bamboo banjo barn basil beach bell bench berry bike birch bison blanket bloom
boat bolt bonus book bottle brass bread brick broom bucket bulb bunny butter cabin cactus cake
camel candle carpet castle cedar cello chalk cherry chin cider cinema circus clay clock cloud
coat cobra coffee comet copper coral cotton couch crab crown cube cumin curtain dairy dance dawn
deer desk diary dice dinner disk doctor dolphin donkey door dragon drum duck dune dust eagle
earth easel echo egg elbow elm ember engine envoy fabric falcon farm fern ferry fiddle field fig
film finger fjord flag flute foam fog forest fossil fox frost fruit funnel gallery garden gate
gecko giant ginger glass globe goat gold goose grape gravel guitar gull gym hammer harbor hat
hazel hedge heron hill hockey honey hotel house hut ice igloo ink iris iron island ivory jacket
jade jam jeep jelly jewel jigsaw juice jungle kayak kettle kiln king kiosk kite kitten koala
ladder lagoon lamp lantern leaf lemon lentil lily linen lion lobster locket lotus lunch lute
magnet maple marble mask meadow melon mill mint mirror moon mosaic moth mug museum napkin needle
nest nickel noodle north nut oak oasis ocean olive onion opera orbit otter oven owl oyster paddle
palm panda parrot pea pencil pepper piano pigeon pillow pine pizza planet plum pocket pond poppy
potato prism puddle pump quail quilt rabbit radar radio raft rain ribbon river robin rocket
""".split()  # noqa: SIM905  # 256 quoted words would be harder to read
)
