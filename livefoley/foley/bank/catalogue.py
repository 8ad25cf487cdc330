"""The built-in effects: one line each, its UCS name, what makes it and how it may vary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from livefoley.foley.bank import ucs
from livefoley.foley.synth import (
    accents,
    bells,
    city,
    crowd,
    fire,
    footsteps,
    handling,
    impacts,
    lasting,
    mechanisms,
    motion,
    nature,
    shots,
    water,
    weather,
)
from livefoley.foley.synth.blocks.toolbox import Signal, Take, fade

Texture = Callable[[Generator, float, float], Signal]
OneShot = Callable[[Generator, float], Take]

DEFAULT_LAYERS = (0.7,)
SIZES = (0.35, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class Effect:
    """One built-in effect. ``name`` is ``CatID_Name``; each of its ``variants`` is rendered with every strength of
    ``layers`` when first asked for. ``vary`` is the most by which a single hit is retuned, in semitones."""

    name: str
    summary: str
    render: OneShot
    variants: int = 4
    layers: tuple[float, ...] = DEFAULT_LAYERS
    vary: float = 0.5
    texture: bool = False

    @property
    def ucs(self) -> ucs.UcsName:
        parsed = ucs.parse(self.name)
        if parsed is None:
            raise AssertionError(f"{self.name} is not a UCS name")
        return parsed


EXCERPT_S = 6.0


def excerpt(texture: Texture) -> OneShot:
    """Return a one-shot that gives 6 s of ``texture``, faded in over 50 ms."""

    def render(rng: Generator, strength: float) -> Take:
        return Take(fade(texture(rng, EXCERPT_S, strength), 0.05, 0.4).astype(np.float32), 0)

    return render


def _bed(name: str, summary: str, texture: Texture, layers: tuple[float, ...] = DEFAULT_LAYERS) -> Effect:
    return Effect(name, summary, excerpt(texture), 2, layers, 0.2, True)


def _steady(name: str, summary: str, texture: Texture) -> Effect:
    """Return what goes on as long as something moves: it is heard over and over, so its ends are hardly faded."""

    def render(rng: Generator, strength: float) -> Take:
        return Take(fade(texture(rng, EXCERPT_S, strength), 0.005, 0.06).astype(np.float32), 0)

    return Effect(name, summary, render, 3, DEFAULT_LAYERS, 0.5, True)


def _hit(name: str, summary: str, render: OneShot, variants: int = 6) -> Effect:
    return Effect(name, summary, render, variants, SIZES, 0.7)


def _call(name: str, summary: str, render: OneShot, variants: int = 4, vary: float = 0.5) -> Effect:
    return Effect(name, summary, render, variants, DEFAULT_LAYERS, vary)


def _tune(name: str, summary: str, render: OneShot, variants: int = 3) -> Effect:
    return Effect(name, summary, render, variants, DEFAULT_LAYERS, 0.0)


_ALL = (
    _bed("RAIN_Steady", "steady rain outdoors", water.rain, SIZES),
    _bed("RAINGlas_Window", "rain on a window, from inside", water.rain_on_window, SIZES),
    _bed("WATRFlow_Stream", "a brook over stones", water.stream),
    _bed("WATRSurf_Beach", "waves on a beach", water.surf),
    _call("WATRWave_Break", "one wave breaking on a beach", water.wave, 6, 1.0),
    _call("WATRDrip_Drop", "one drop falling into water", water.drip, 8, 1.5),
    _hit("WATRSplsh_Splash", "something splashing into water", water.splash),
    _call("WATRPour_Glass", "a drink poured into a glass", water.pour),
    _bed("WATRBubl_Boil", "water boiling in a pot", water.bubbling),
    Effect("THUN_Clap", "thunder", weather.thunder, 4, (0.25, 0.6, 0.95), 0.5),
    _bed("WIND_Steady", "wind, gusting", weather.wind, SIZES),
    _bed("WINDVege_Leaves", "wind in leaves", weather.leaves),
    _bed("AMBRurl_Air", "quiet open air", weather.air),
    _bed("FIRECrkl_Fire", "a fire crackling", fire.fire),
    _call("FIRESizz_Pan", "food sizzling in a hot pan", fire.sizzle, 3),
    _bed("FIRESizz_Frying", "steady frying", fire.sizzle_texture),
    _bed("CRWDWalla_Murmur", "many people talking", crowd.murmur),
    Effect("CRWDApls_Applause", "applause", crowd.applause, 3, SIZES, 0.2),
    Effect("CRWDCheer_Cheer", "a crowd cheering", crowd.cheer, 3, (0.5, 0.9), 0.2),
    _bed("CRWDSprt_Stadium", "a stadium roaring", crowd.roar),
    _call("CRWDReac_Gasp", "an audience gasping", crowd.gasp, 3, 0.3),
    _call("CRWDLaff_Laughter", "an audience laughing", crowd.laughter, 3, 0.3),
    _hit("FOLYHand_Clap", "one hand clap", crowd.clap),
    _call("WHSTHmn_Referee", "a referee's whistle", crowd.whistle_blow, 3),
    _call("HMNHart_Beat", "one heartbeat", crowd.heartbeat, 3),
    _bed("AMBTraf_Street", "street traffic", city.traffic),
    _call("VEHBy_Car", "a car passing", city.car_pass),
    _call("VEHHorn_Car", "a car horn", city.car_horn, 3),
    _call("VEHHorn_Far", "a car horn streets away", city.horn_far, 4, 1.0),
    _call("VEHSirn_Far", "a siren in the distance", city.siren_far, 2),
    _bed("VEHCar_Idle", "an engine idling", city.engine),
    _steady("VEHCar_Drive", "a car driving by, for as long as it does", lasting.drive),
    _steady("WATRPour_Steady", "liquid being poured, for as long as it is", lasting.pour),
    _steady("CMPTKey_Busy", "typing, for as long as somebody does", lasting.keys),
    _steady("TOOLHand_Saw", "a handsaw in wood, for as long as it goes", lasting.saw),
    _steady("FOODKware_Stir", "a spoon stirring, for as long as it does", lasting.stir),
    _steady("OBJMisc_Roll", "something rolling, for as long as it does", lasting.roll),
    _bed("TRNMisc_Ride", "inside a moving train", city.train_ride),
    _bed("AMBRoom_Tone", "the tone of a quiet room", city.room_tone),
    _bed("MACHHvac_Fan", "an air conditioner or fan", city.fan),
    _bed("AEROMisc_Cabin", "inside an aircraft", city.cabin),
    _bed("AMBInd_Hall", "a machine hall", city.machine_hall),
    _bed("AMBOffc_Office", "an office", city.office),
    _call("FOODTware_Dishes", "cups and cutlery across the room", city.dishes, 10, 1.0),
    _call("MACHAppl_Espresso", "a coffee machine across the room", city.espresso, 2),
    _bed("AMBBird_Morning", "birds in a wood", nature.birds),
    _call("BIRDSong_Phrase", "a song bird's phrase", nature.bird_phrase, 12, 1.0),
    _call("BIRDSea_Gull", "sea gulls calling", nature.gull, 6, 1.0),
    _call("BIRDPrey_Owl", "an owl far off", nature.owl, 3),
    _bed("ANMLInsc_Crickets", "crickets at night", nature.crickets),
    _bed("ANMLInsc_Cicadas", "cicadas in the heat", nature.cicadas),
    _call("ANMLAmph_Frog", "a frog croaking", nature.frog, 6, 1.0),
    _hit("FEETHmn_Wood", "a footstep on wood", footsteps.on_wood),
    _hit("FEETHmn_Concrete", "a footstep on concrete", footsteps.on_concrete),
    _hit("FEETHmn_Gravel", "a footstep on gravel", footsteps.on_gravel),
    _hit("FEETHmn_Sand", "a footstep on sand", footsteps.on_sand),
    _hit("FEETHmn_Grass", "a footstep on grass", footsteps.on_grass),
    _hit("FEETHmn_Snow", "a footstep in snow", footsteps.on_snow),
    _hit("FEETHmn_Metal", "a footstep on metal", footsteps.on_metal),
    _hit("FEETHmn_Water", "a step into a puddle", footsteps.in_water),
    _hit("WOODImpt_Hit", "something wooden struck", impacts.impact_wood),
    _hit("WOODImpt_Block", "a dry wooden knock", impacts.wood_block),
    _hit("METLImpt_Hit", "something metal struck", impacts.impact_metal),
    _hit("GLASImpt_Hit", "a glass touched or struck", impacts.impact_glass),
    _hit("CERMImpt_SetDown", "a cup or plate set down", impacts.impact_ceramic),
    _hit("PLASImpt_Hit", "something of plastic struck", impacts.impact_plastic),
    _hit("ROCKImpt_Hit", "stone on stone", impacts.impact_stone),
    _hit("OBJPack_Box", "a cardboard box put down", impacts.impact_box),
    _hit("OBJMisc_SoftHit", "a soft, neutral hit", impacts.impact_soft),
    _hit("OBJMisc_HeavyDrop", "something heavy dropped", impacts.impact_heavy),
    _hit("FGHTImpt_Punch", "a punch landing", impacts.punch),
    _hit("FOODGware_Bottle", "a bottle set down", impacts.bottle),
    _hit("GLASBrk_Shatter", "glass shattering", impacts.glass_break, 3),
    _hit("CERMBrk_Plate", "a plate breaking", impacts.ceramic_break, 3),
    _hit("SPRTCourt_Ball", "a ball bouncing", impacts.ball_bounce),
    _call("OBJCoin_Drop", "a coin dropped", impacts.coin),
    _call("OBJKey_Jingle", "keys jingling", impacts.keys),
    _hit("CMPTKey_Key", "one key of a keyboard", mechanisms.key, 8),
    _call("CMPTKey_Typing", "typing on a keyboard", mechanisms.typing),
    _hit("CMPTKey_Mouse", "a mouse click", mechanisms.mouse_click),
    _hit("MECHSwtch_Flip", "a switch flipped", mechanisms.switch),
    _hit("DOORWood_Close", "a door closing", mechanisms.door_close, 4),
    _call("DOORWood_Open", "a door opening", mechanisms.door_open),
    _call("DOORAntq_Creak", "an old door creaking", mechanisms.creak),
    _hit("DOORKnck_Knock", "knocking on a door", mechanisms.knock, 4),
    _call("CLOCKTick_Tick", "one tick of a clock", mechanisms.clock_tick, 4, 0.1),
    _bed("CLOCKTick_Ticking", "a clock ticking", mechanisms.ticking),
    _call("COMCam_Shutter", "a camera's shutter", mechanisms.camera),
    _call("PAPRHndl_PageTurn", "a page turned", handling.page_turn, 6),
    _call("PAPRHndl_Crumple", "paper or packaging crumpled", handling.paper),
    _call("CLOTHMvmt_Rustle", "cloth moving", handling.cloth, 6),
    _call("OBJZipr_Zip", "a zip pulled", handling.zipper),
    _hit("FOODKware_Chop", "a knife chopping on a board", handling.chop, 8),
    _call("OBJTape_Pull", "packing tape pulled", handling.tape),
    _hit("FOODEat_Bite", "a bite into something crisp", handling.bite),
    _hit("WHSH_Whoosh", "a whoosh of something large", motion.whoosh),
    _hit("SWSH_Swish", "a swish of something thin", motion.swish),
    _tune("DSGNRise_Riser", "a riser that lands on its cue", motion.riser),
    _call("DSGNBoom_Boom", "a cinematic boom", motion.boom, 3, 0.3),
    _call("DSGNBass_Drop", "a bass drop", motion.bass_drop, 2, 0.0),
    _call("EXPLReal_Blast", "an explosion", motion.explosion, 3),
    _hit("GUNPis_Shot", "a pistol shot", shots.pistol, 4),
    _hit("GUNRif_Shot", "a rifle shot", shots.rifle, 4),
    _call("UIGlitch_Stutter", "a digital glitch", motion.glitch, 4, 0.0),
    _tune("BELLMisc_Ding", "a clear ding", bells.ding),
    _tune("BELLLrg_Church", "a church bell", bells.bell_large),
    _tune("BELLHand_Shake", "a hand bell shaken", bells.hand_bell),
    _tune("BELLGong_Gong", "a gong", bells.gong),
    _tune("BELLDoor_DingDong", "a doorbell", bells.doorbell),
    _tune("VEHBike_Bell", "a bicycle bell", bells.bicycle_bell),
    _tune("MECHMisc_CashRegister", "a cash register, ka-ching", accents.cash_register),
    _tune("HORNAir_Blast", "an air horn", accents.air_horn),
    _tune("HORNCele_Party", "a party blower", accents.party_horn),
    _tune("MUSCPerc_DrumRoll", "a drum roll that lands on its cue", accents.drum_roll),
    _tune("MUSCPerc_BaDumTss", "ba-dum tss", accents.rimshot),
    _tune("MUSCPerc_Crash", "a cymbal crash", accents.crash),
    _tune("MUSCPerc_Taiko", "a large drum struck", accents.taiko),
    _tune("MUSCBrass_Fanfare", "a fanfare", accents.fanfare),
    _tune("MUSCChim_Success", "a bright rising success chime", accents.success),
    _tune("MUSCBrass_Failure", "sad falling notes", accents.failure),
    _tune("MUSCStngr_Sting", "a dramatic sting", accents.stinger),
    _tune("UIAlert_Notification", "a notification", accents.notification),
    _tune("UIAlert_Error", "a wrong-answer buzzer", accents.error),
    _tune("UIBeep_Beep", "an electronic beep", accents.beep),
    _tune("UIClick_Click", "an interface click", accents.click),
    _tune("BEEPTimer_Countdown", "one tick of a countdown", accents.countdown),
    _tune("COMTelph_Ring", "an old telephone ringing", bells.phone),
    _tune("COMCell_Ringtone", "a mobile's ringtone", accents.ringtone),
    _tune("MAGShim_Sparkle", "a magic shimmer", accents.sparkle),
    _tune("TOONBoing_Boing", "a cartoon spring", accents.boing),
    _call("TOONPop_Pop", "a pop", accents.pop, 4, 2.0),
    _tune("TOONWhis_SlideUp", "a slide whistle going up", accents.slide_up),
    _tune("COMPhono_Scratch", "a record scratch", accents.record_scratch),
    _call("GLASTonl_Toast", "two wine glasses touching", bells.glass_toast),
    _hit("TOOLHand_Hammer", "a hammer on metal", bells.anvil),
    _hit("MUSCPerc_Shaker", "one shake of a shaker", accents.shaker),
)  # fmt: skip

EFFECTS = {effect.name: effect for effect in _ALL}
