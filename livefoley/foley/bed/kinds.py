"""The kinds of ambience: which textures go on all the time, and which single events happen in them by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from livefoley.foley.bank.catalogue import Texture
from livefoley.foley.synth import city, crowd, fire, nature, water, weather
from livefoley.foley.synth.blocks.toolbox import Signal


@dataclass(frozen=True, slots=True)
class TextureSpec:
    """A texture that goes on: rendered in segments of ``segment_s``, ``gain_db`` under the kind's level.

    ``swell_db`` is how far its loudness wanders over some 10 s of time.
    """

    name: str
    render: Texture
    gain_db: float = 0.0
    segment_s: float = 6.0
    swell_db: float = 0.0


Strewn = Callable[[Generator, int, float], Signal]
"""Gives ``[2, n + tail]``: grains that begin within ``n`` samples, at a strength, and what of them sounds on."""


@dataclass(frozen=True, slots=True)
class GrainSpec:
    """Small sounds that are made anew all the time, too many and too short to keep; levels as of a texture."""

    render: Strewn
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class EventSpec:
    """An effect that happens about ``per_minute`` times, between ``quiet_db`` and ``loud_db`` against the kind's level.

    ``every_s`` above 0 makes it a beat instead: a clock. ``width`` is how far to the sides it may stand, ``vary``
    by how many semitones it is retuned at most. ``at_once``: the place begins with one, as it is nothing without.
    """

    effect: str
    per_minute: float = 0.0
    quiet_db: float = -18.0
    loud_db: float = -6.0
    width: float = 0.9
    vary: float = 1.0
    every_s: float = 0.0
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class BedKind:
    """What one kind of place is made of."""

    textures: tuple[TextureSpec, ...]
    events: tuple[EventSpec, ...] = ()
    grains: tuple[GrainSpec, ...] = ()


_AIR = TextureSpec("air", weather.air, -4.0)
_ROOM = TextureSpec("room", city.room_tone)
_NIGHT_AIR = TextureSpec("air", weather.air, -8.0)
_SOFT_AIR = TextureSpec("air", weather.air, -26.0)
_STILL_AIR = TextureSpec("air", weather.air, -38.0)
_STILL_ROOM = TextureSpec("room", city.room_tone, -26.0)
_WAVES = EventSpec("WATRWave_Break", 9, -9, -3, 0.5, 2.0)
_BIRDS = EventSpec("BIRDSong_Phrase", 24, -20, -6, at_once=True)

KINDS: dict[str, BedKind] = {
    "room": BedKind((_ROOM,)),
    "air": BedKind((_AIR,)),
    "rain": BedKind((TextureSpec("rain", water.rain, segment_s=4.0, swell_db=0.7),)),
    "rain_window": BedKind(
        (TextureSpec("rain_window", water.rain_on_window, segment_s=5.0, swell_db=0.7),),
        (EventSpec("WATRDrip_Drop", 8, -22, -10),),
    ),
    "thunder": BedKind((_STILL_AIR,), (EventSpec("THUN_Clap", 2.2, -6, 4, 0.5, 2.0, at_once=True),)),
    "wind": BedKind((TextureSpec("wind", weather.wind, segment_s=8.0, swell_db=1.0),)),
    "leaves": BedKind((TextureSpec("leaves", weather.leaves, segment_s=6.0, swell_db=1.0),)),
    "surf": BedKind((TextureSpec("wash", water.wash, segment_s=8.0),), (_WAVES,)),
    "gulls": BedKind((_STILL_AIR,), (EventSpec("BIRDSea_Gull", 4, -16, -5, at_once=True),)),
    "stream": BedKind((TextureSpec("stream", water.stream, segment_s=4.0),)),
    "cave": BedKind((_NIGHT_AIR,), (EventSpec("WATRDrip_Drop", 40, -12, 0, 0.9, 3.0, at_once=True),)),
    "fire": BedKind((TextureSpec("flames", fire.flames, -5.0, 8.0, 0.7),), (), (GrainSpec(fire.snaps),)),
    "frying": BedKind((TextureSpec("frying", fire.sizzle_texture, segment_s=4.0),)),
    "boiling": BedKind((TextureSpec("boiling", water.bubbling, segment_s=5.0),)),
    "crowd": BedKind((TextureSpec("murmur", crowd.murmur, segment_s=6.0, swell_db=0.7),)),
    "cafe": BedKind(
        (
            TextureSpec("chatter", crowd.chatter, segment_s=6.0, swell_db=0.7),
            TextureSpec("room", city.room_tone, -12.0),
        ),
        (EventSpec("FOODTware_Dishes", 22, -18, -5), EventSpec("MACHAppl_Espresso", 0.8, -14, -8, 0.5)),
    ),
    "stadium": BedKind(
        (TextureSpec("roar", crowd.roar, segment_s=6.0, swell_db=1.0),),
        (EventSpec("CRWDApls_Applause", 1.2, -8, -3, 0.4, 0.3), EventSpec("HORNAir_Blast", 0.4, -16, -10)),
    ),
    "street": BedKind(
        (TextureSpec("traffic", city.traffic, segment_s=7.0, swell_db=0.7),),
        (EventSpec("VEHBy_Car", 5, -10, -3, 0.4), EventSpec("VEHHorn_Far", 0.8, -18, -10)),
    ),
    "birds": BedKind((_SOFT_AIR,), (_BIRDS, EventSpec("BIRDSong_Phrase", 14, -24, -12))),
    "forest": BedKind((TextureSpec("leaves", weather.leaves, -8.0, 6.0, 1.5), _NIGHT_AIR), (_BIRDS,)),
    "night": BedKind((TextureSpec("crickets", nature.crickets, segment_s=7.0), _NIGHT_AIR)),
    "cicadas": BedKind((TextureSpec("cicadas", nature.cicadas, segment_s=7.0), _NIGHT_AIR)),
    "frogs": BedKind((_NIGHT_AIR,), (EventSpec("ANMLAmph_Frog", 50, -14, -3, 0.9, 2.0, at_once=True),)),
    "office": BedKind(
        (TextureSpec("fan", city.fan), TextureSpec("office", city.office, -6.0, 7.0)),
        (EventSpec("COMTelph_Ring", 0.25, -26, -20), EventSpec("PAPRHndl_PageTurn", 2, -24, -16)),
    ),
    "kitchen": BedKind((TextureSpec("fan", city.fan),), (EventSpec("FOODTware_Dishes", 10, -18, -7),)),
    "train": BedKind((TextureSpec("train", city.train_ride, segment_s=8.0),)),
    "cabin": BedKind((TextureSpec("cabin", city.cabin),)),
    "engine": BedKind((TextureSpec("engine", city.engine, segment_s=8.0),)),
    "factory": BedKind((TextureSpec("factory", city.machine_hall, segment_s=8.0),)),
    "fan": BedKind((TextureSpec("fan", city.fan, segment_s=8.0),)),
    "clock": BedKind(
        (_STILL_ROOM,),
        (EventSpec("CLOCKTick_Tick", every_s=0.5, quiet_db=-2, loud_db=-1, width=0.1, vary=0.3),),
    ),
}
