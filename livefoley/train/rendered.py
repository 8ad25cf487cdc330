"""Sounds of our own making for what recordings are thin in: procedural effects, with their captions.

Only kinds of sound of which few clean recordings exist; where recordings abound, synthesis would teach its own limits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from livefoley.foley.catalogue import EFFECTS
from livefoley.foley.material import generator
from livefoley.foley.student.features import Floats
from livefoley.train.recordings import Label

TAKES = 4
_THIN = [
    "CRWD",
    "FOLY",
    "FEET",
    "WHST",
    "AMBTraf",
    "VEH",
    "TRN",
    "AMBRoom",
    "MACH",
    "AMBOffc",
    "FOOD",
    "WATRDrip",
    "WATRSplsh",
    "WATRPour",
    "WATRBubl",
    "WATRFlow",
    "WIND",
    "AMBRurl",
    "FIRESizz",
    "WOOD",
    "METL",
    "GLAS",
    "CERM",
    "PLAS",
    "ROCK",
    "OBJ",
    "FGHT",
    "SPRT",
    "CMPT",
    "MECH",
    "DOOR",
    "COM",
    "PAPR",
    "CLOTH",
    "WHSH",
    "SWSH",
    "DSGN",
    "BELLDoor",
    "HORN",
    "MUSCChim",
    "MUSCBrass",
    "UIAlert",
    "TOON",
    "TOOL",
    "AMBInd",
    "AERO",
]

CHINESE = {
    "applause": "掌声", "a crowd cheering": "人群欢呼", "many people talking": "许多人在说话", "a stadium roaring": "体育场的呐喊",
    "an audience gasping": "观众倒吸一口气", "an audience laughing": "观众大笑", "one hand clap": "拍一下手",
    "a referee's whistle": "裁判的哨声", "street traffic": "街道车流", "a car passing": "汽车驶过", "a car horn": "汽车喇叭",
    "an engine idling": "发动机怠速", "inside a moving train": "行驶的火车里", "the tone of a quiet room": "安静房间的底噪",
    "an air conditioner or fan": "空调或风扇", "an office": "办公室", "a machine hall": "机器厂房", "wind, gusting": "阵风",
    "wind in leaves": "风吹树叶", "a brook over stones": "石上小溪", "one drop falling into water": "一滴水落下",
    "something splashing into water": "东西落水溅起水花", "a drink poured into a glass": "往杯子里倒饮料",
    "water boiling in a pot": "锅里的水沸腾", "food sizzling in a hot pan": "热锅里滋滋作响", "steady frying": "油炸声",
    "a footstep on wood": "木地板上的脚步", "a footstep on concrete": "水泥地上的脚步", "a footstep on gravel": "碎石路上的脚步",
    "a footstep on sand": "沙地上的脚步", "a footstep on grass": "草地上的脚步", "a footstep in snow": "雪地上的脚步",
    "a footstep on metal": "金属上的脚步", "a step into a puddle": "踩进水坑", "something wooden struck": "敲击木头",
    "something metal struck": "敲击金属", "a glass touched or struck": "碰到玻璃杯", "a cup or plate set down": "放下杯碟",
    "something of plastic struck": "敲击塑料", "stone on stone": "石头相碰", "a cardboard box put down": "放下纸箱",
    "a punch landing": "一拳打中", "a bottle set down": "放下瓶子", "glass shattering": "玻璃破碎", "a plate breaking": "盘子摔碎",
    "a ball bouncing": "球弹跳", "a coin dropped": "硬币落下", "keys jingling": "钥匙叮当", "one key of a keyboard": "按下一个键",
    "typing on a keyboard": "敲键盘", "a mouse click": "点击鼠标", "a switch flipped": "拨动开关", "a door closing": "关门",
    "a door opening": "开门", "an old door creaking": "旧门吱呀", "knocking on a door": "敲门", "a camera's shutter": "相机快门",
    "a page turned": "翻页", "paper or packaging crumpled": "揉纸", "cloth moving": "衣服摩擦", "a zip pulled": "拉拉链",
    "a knife chopping on a board": "在砧板上切菜", "packing tape pulled": "撕胶带", "a bite into something crisp": "咬脆的东西",
    "a whoosh of something large": "大物呼啸而过", "a swish of something thin": "细物挥动", "a cash register, ka-ching": "收银机叮咚",
    "an air horn": "气喇叭", "a fanfare": "号角", "a bright rising success chime": "明亮的成功提示音", "an explosion": "爆炸",
}  # fmt: skip


def render(takes: int = TAKES, seed: int = 0) -> Iterator[tuple[Label, Floats]]:
    """Yield ``takes`` of every thin effect, each with a strength of its own, mono at 48 kHz."""
    for effect in EFFECTS.values():
        if not effect.name.startswith(tuple(_THIN)):
            continue
        for number in range(takes):
            strength = effect.layers[number % len(effect.layers)]
            take = effect.render(generator(seed, "train", effect.name, number), strength)
            label = Label(
                f"{effect.name}-{number}",
                effect.summary,
                CHINESE.get(effect.summary, ""),
                effect.ucs.category,
                licence="rendered by livefoley",
            )
            yield label, np.asarray(take.samples.mean(axis=0), np.float32)
