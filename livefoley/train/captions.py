"""What training says of a recording: its captions, other ways to put them in English and Chinese, and its group.

A recording's own captions come from the manifest. The table below adds the short names people type ("rain", "雨声") to
those whose English caption matches; its keys also name the groups by which sampling is balanced.
"""

from __future__ import annotations

import re

NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    # group: (pattern over the English caption, other names)
    "rooster": (r"rooster", ("a rooster", "rooster crowing", "cock-a-doodle-doo", "公鸡", "公鸡打鸣", "鸡叫")),
    "baby": (r"\bbab(y|ies)\b", ("a baby crying", "crying baby", "an infant crying", "婴儿哭声", "宝宝哭", "小孩哭")),
    "sneeze": (r"sneez", ("a sneeze", "sneezing", "somebody sneezes", "achoo", "打喷嚏", "喷嚏声", "有人打喷嚏")),
    "dog": (r"\bdog|puppy", ("a dog", "dog barking", "barking", "狗", "狗叫", "狗叫声", "犬吠")),
    "chainsaw": (r"chainsaw", ("chainsaw", "chain saw cutting wood", "a power saw", "电锯", "电锯声", "锯木头")),
    "helicopter": (r"helicopter", ("helicopter", "chopper", "helicopter rotor", "直升机", "直升机声", "螺旋桨声")),
    "clock": (r"\bclock|watch tick", ("clock", "tick tock", "a ticking clock", "钟表", "滴答声", "时钟滴答", "钟表声")),
    "thunderstorm": (r"storm|thunder", ("thunder", "thunderstorm", "打雷", "雷声", "雷雨", "雷暴")),
    "rain": (r"\brain", ("rain", "rain falling", "raining", "rainfall", "雨", "雨声", "下雨", "下雨声", "雨夜")),
    "sea": (r"\bsea waves|surf|ocean|waves", ("the sea", "sea waves", "ocean waves", "surf", "海", "海浪", "海浪声", "海边")),
    "fire": (r"\bfire (crack|burn)|campfire|small fire|bonfire", ("fire", "campfire", "fire crackling", "fireplace", "火", "篝火", "火焰噼啪声", "壁炉")),
    "stream": (r"stream|river|brook|creek", ("a stream", "running water", "a brook", "小溪", "流水声", "河水")),
    "wind": (r"\bwind\b", ("wind", "strong wind", "wind howling", "风声", "大风", "刮风")),
    "birds": (r"\bbirds? (sing|tweet|chirp)|birds|small bird|a bird", ("birds", "birdsong", "birds singing", "鸟叫", "鸟鸣", "鸟叫声")),
    "seagull": (r"gull", ("seagulls", "gulls crying", "海鸥")),
    "crow": (r"\bcrow (caw|call)", ("a crow", "乌鸦")),
    "insects": (r"cricket|cicada|grasshopper|bee\b|bees", ("insects", "insects at night", "虫鸣", "虫子叫")),
    "cat": (r"\bcat\b", ("a cat", "cat meowing", "猫叫", "猫")),
    "horse": (r"\bhorse|gallop", ("a horse", "hooves", "马", "马蹄声")),
    "frog": (r"frog", ("a frog", "frogs", "青蛙", "蛙鸣")),
    "applause": (r"applau|clapping|hand clap", ("applause", "clapping", "people clapping", "掌声", "鼓掌", "拍手")),
    "crowd": (r"crowd|many people|restaurant|stadium|audience|cheer", ("a crowd", "crowd noise", "人群", "人声嘈杂", "欢呼声")),
    "laughter": (r"laugh", ("laughter", "people laughing", "笑声", "大笑")),
    "footsteps": (r"footstep|walking|\bstep\b|steps", ("footsteps", "a footstep", "walking", "steps", "脚步声", "走路声", "脚步")),
    "door": (r"\bdoor\b(?!bell)", ("a door", "door", "关门", "门")),
    "knock": (r"knock", ("knocking", "a knock", "敲门", "敲击")),
    "doorbell": (r"doorbell|ding-dong", ("doorbell", "door bell", "门铃")),
    "bell": (r"\bbell|tubular|chime", ("a bell", "bell ringing", "铃声", "钟声")),
    "gong": (r"gong|tam-tam", ("a gong", "锣", "锣声")),
    "telephone": (r"telephone|phone ring|ringtone|mobile", ("phone ringing", "telephone", "电话铃声", "手机响")),
    "keyboard": (r"keyboard|typing", ("typing", "keyboard", "打字", "键盘声")),
    "mouse": (r"mouse", ("mouse click", "点击鼠标", "鼠标声")),
    "camera": (r"camera|shutter", ("camera shutter", "taking a photo", "拍照", "快门声")),
    "register": (r"cash register|ka-ching", ("cash register", "ka-ching", "a sale", "收银机", "收银声", "叮咚到账")),
    "coin": (r"\bcoin", ("coins", "a coin", "硬币", "金币")),
    "glass": (r"glass(?!es touch)", ("glass", "玻璃", "玻璃声")),
    "glass breaking": (r"shatter|glass break|breaking glass|smash", ("glass breaking", "breaking glass", "玻璃碎了", "打碎玻璃")),
    "whoosh": (r"whoosh|swoosh|swish|swash", ("whoosh", "swoosh", "嗖的一声", "呼啸")),
    "explosion": (r"explo|\bboom\b|blast", ("explosion", "an explosion", "boom", "爆炸", "爆炸声")),
    "firework": (r"firework", ("fireworks", "烟花", "放烟花", "鞭炮")),
    "gun": (r"gun|shot|rifle|pistol", ("gunshot", "shooting", "枪声", "开枪")),
    "engine": (r"engine|motorbike|motor\b", ("engine", "a motor", "发动机", "引擎声")),
    "car": (r"\bcar\b|traffic", ("a car", "cars", "汽车", "车声")),
    "siren": (r"siren|alarm", ("siren", "alarm", "警报", "警笛")),
    "train": (r"\btrain\b", ("a train", "train", "火车")),
    "aeroplane": (r"aeroplane|airliner|\bjet\b|aircraft", ("aeroplane", "plane", "airplane", "飞机")),
    "horn": (r"\bhorn\b|party blower", ("horn", "air horn", "喇叭", "号角")),
    "whistle": (r"whistle", ("whistle", "referee whistle", "哨声", "口哨")),
    "drum roll": (r"roll", ("drum roll", "鼓点", "滚奏")),
    "drum": (r"drum|\btom\b|kick|snare|tabla|taiko|timpani|conga", ("drum", "drums", "鼓", "鼓声")),
    "cymbal": (r"cymbal|hi-hat", ("cymbal", "cymbals", "镲", "镲片")),
    "fanfare": (r"fanfare|ta-da", ("fanfare", "ta-da", "victory", "号角声", "胜利")),
    "chime": (r"success|confirmation|notification", ("notification", "success sound", "提示音", "成功")),
    "error": (r"error|wrong|buzzer|fail|sad ", ("error", "wrong answer", "fail", "错误", "失败")),
    "click": (r"click|toggle|tick\b|switch", ("click", "a click", "点击", "咔嗒声")),
    "hammer": (r"hammer|anvil", ("hammer", "hammering", "锤子", "敲打")),
    "wood": (r"wood|plank|twig", ("wood", "wooden", "木头", "敲木头")),
    "metal": (r"metal|anvil|iron", ("metal", "metal clang", "金属", "金属声")),
    "paper": (r"paper|page", ("paper", "paper rustling", "纸", "翻纸声")),
    "cloth": (r"cloth|zip", ("cloth", "clothes rustling", "布料", "衣服摩擦声")),
    "water": (r"water|splash|pour|drip|drop falling|puddle|swim", ("water", "splash", "水", "水声", "水花")),
    "cooking": (r"sizzl|frying|boil|chopping on a board|knife", ("cooking", "frying", "做饭", "炒菜", "切菜")),
    "magic": (r"magic|sparkl|shimmer|twinkle", ("magic", "sparkle", "魔法", "闪光")),
    "cartoon": (r"cartoon|boing|spring\b", ("cartoon", "boing", "卡通", "弹簧声")),
    "robot": (r"robot|laser|sci|zap|electronic", ("robot", "sci-fi", "laser", "机器人", "科幻")),
}  # fmt: skip

_ENGLISH = ("{}", "the sound of {}", "{} sound", "sound of {}, recorded close", "we hear {}")
_CHINESE = ("{}", "{}的声音", "一段{}", "听到{}")
_PATTERNS = {group: re.compile(pattern, re.IGNORECASE) for group, (pattern, _) in NAMES.items()}


def group_of(english: str, category: str) -> str:
    """Return the group a recording is balanced in: the first name that fits its caption, else its category."""
    for group, pattern in _PATTERNS.items():
        if pattern.search(english):
            return group
    return category.lower() or "other"


def captions_for(english: str, chinese: str, category: str) -> list[str]:
    """Return ways to describe a recording; its own captions come first."""
    group = group_of(english, category)
    others = NAMES[group][1] if group in NAMES else ()
    found = [english, english, *(f.format(_bare(english)) for f in _ENGLISH[1:])]
    if chinese:
        found += [chinese, chinese, *(f.format(chinese) for f in _CHINESE[1:])]
    found += [*others, *(("the sound of " + name) if name.isascii() else name + "的声音" for name in others[:6])]
    return list(dict.fromkeys(text for text in found if text.strip()))


def joined(first: str, second: str, number: int) -> str:
    """Return one description of two sounds at once, put in one of several ways."""
    if first.isascii() and second.isascii():
        return (f"{first} and {second}", f"{first}, {second}", f"{first} with {second}")[number % 3]
    return (f"{first}和{second}", f"{first}，{second}", f"{first}, {second}")[number % 3]


def _bare(english: str) -> str:
    return re.sub(r"^(a|an|the) ", "", english.strip())
