"""Finding listed words in free text: Chinese by longest match, English by stems and phrases, both in one pass."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Generic, TypeVar

Tag = TypeVar("Tag")

_TRADITIONAL = (
    "聲風門電話車馬鳥鳴葉樹氣鐵鋼劍頭時鐘鍾錶歡慶勝輸贏燒烤煙歲紙書頁讀開關閉鬧熱場聽觀眾戲劇舞臺擊敲鑼槍彈飛機艙廚飯館廳"
    "滾奏揭曉號獎單錢發財買賣訊賬帳鏈殺節傾盆雲霧濕濺潑遊泳濱灘漁溝間隻個們過這還裡裏後從來對於與為無沒別樂鍵盤碼編鏡攝魚貓"
    "蟬蟲蛙雞鴨鵝狗豬羊遠處輕緩細強猛擁擠繁驚嚇訝響鈴鎖鑰匙盒積塊礫卵路腳踏跑樓梯櫃桌椅燈爐鍋鏟湯麵餅雙擺擁動運籃網排壓"
    "縮視訪談錄棚試衣裝妝護膚紅髮剪繩鞭棍滑雪橋嶺嶽巖漿壺懸緊張計數彎曲鬆軟墊圖溫泉瀑層陣雜稱讚親愛國際學術邊著灣島壞盡緒買詢舉業優惠"
)
_SIMPLIFIED = (
    "声风门电话车马鸟鸣叶树气铁钢剑头时钟钟表欢庆胜输赢烧烤烟岁纸书页读开关闭闹热场听观众戏剧舞台击敲锣枪弹飞机舱厨饭馆厅"
    "滚奏揭晓号奖单钱发财买卖讯账账链杀节倾盆云雾湿溅泼游泳滨滩渔沟间只个们过这还里里后从来对于与为无没别乐键盘码编镜摄鱼猫"
    "蝉虫蛙鸡鸭鹅狗猪羊远处轻缓细强猛拥挤繁惊吓讶响铃锁钥匙盒积块砾卵路脚踏跑楼梯柜桌椅灯炉锅铲汤面饼双摆拥动运篮网排压"
    "缩视访谈录棚试衣装妆护肤红发剪绳鞭棍滑雪桥岭岳岩浆壶悬紧张计数弯曲松软垫图温泉瀑层阵杂称赞亲爱国际学术边着湾岛坏尽绪买询举业优惠"
)
_FOLD = str.maketrans(_TRADITIONAL, _SIMPLIFIED)

_HAN = r"\u3400-\u9fff"
_TOKEN = re.compile(rf"[a-z0-9]+(?:'[a-z]+)?|[{_HAN}]|[^\s]")


@dataclass(frozen=True, slots=True)
class Token:
    """An English word as its stem, one Chinese character, or one mark; ``word`` is what stood there."""

    stem: str
    word: str

    @property
    def mark(self) -> bool:
        return not (self.stem.isalnum() or "'" in self.stem)


@dataclass(frozen=True, slots=True)
class Match(Generic[Tag]):
    """A listed word at tokens ``start`` to ``end`` (exclusive)."""

    tag: Tag
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text in any mixture of the two languages, traditional characters folded."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'").translate(_FOLD)
    return [Token(stem(word), word) for word in _TOKEN.findall(plain)]


_KEEP = frozenset(
    {"bus", "gas", "glass", "grass", "dress", "chess", "always", "this", "his", "ding", "ring", "king", "spring"}
    | {"swing", "sting", "thing", "morning", "evening", "red", "bed", "is", "was", "news", "wing", "string"}
)


def stem(word: str) -> str:
    """Return an English word without the endings of plural, -ing and -ed; what those doubled or dropped is evened."""
    if word in _KEEP or len(word) < 4 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        root = word[: -len(ending)]
        if word.endswith(ending) and word not in _KEEP and len(root) > 2 and re.search("[aeiouy]", root):
            word = root[:-1] if root[-1] == root[-2] and root[-1] not in "lsz" else root
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


class WordList(Generic[Tag]):
    """Words and phrases with a tag each, and the search for them."""

    def __init__(self) -> None:
        self._tags: dict[tuple[str, ...], Tag] = {}
        self._longest = 1

    def add(self, phrase: str, tag: Tag) -> None:
        """List ``phrase``; the first tag of a phrase stays."""
        key = tuple(token.stem for token in tokens(phrase))
        self._tags.setdefault(key, tag)
        self._longest = max(self._longest, len(key))

    def find(self, text: list[Token]) -> list[Match[Tag]]:
        """Return the matches from left to right, the longest at each place, none overlapping."""
        out: list[Match[Tag]] = []
        at = 0
        while at < len(text):
            found = self._at(text, at)
            if found is not None:
                out.append(found)
            at = found.end if found else at + 1
        return out

    def _at(self, text: list[Token], at: int) -> Match[Tag] | None:
        for length in range(min(self._longest, len(text) - at), 0, -1):
            key = tuple(token.stem for token in text[at : at + length])
            if key in self._tags:
                words = [token.word for token in text[at : at + length]]
                return Match(self._tags[key], (" " if words[0].isascii() else "").join(words), at, at + length)
        return None
