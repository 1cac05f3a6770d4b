"""What the generated shop sells: the attributes of a product and their values.

Everything that is true of a product is drawn from the tables in this module, so
that a search result can be checked against the truth instead of a guess. Each
value carries its standard English name and its Chinese name; the synonyms that
people write instead stand in :mod:`crossmodal_edu.datasets.shop.wording`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """A value with its English and its Chinese name."""

    name: str
    zh: str


@dataclass(frozen=True)
class Colour(Named):
    """A colour and the sRGB value it is painted with."""

    rgb: str


@dataclass(frozen=True)
class Brand(Named):
    """An invented brand, the shape of its mark and its price level."""

    mark: str
    price_level: float


@dataclass(frozen=True)
class ProductType(Named):
    """A kind of product: where it is sold, its styles, materials, sizes and prices.

    The file ``artwork/<type>_<style>.svg`` draws one style; spaces in a name
    become hyphens.
    """

    department: str
    styles: tuple[Named, ...]
    materials: tuple[str, ...]
    sizes: tuple[str, ...]
    price: tuple[int, int]


DEPARTMENTS = {
    "clothes": "服装",
    "shoes": "鞋类",
    "bags": "箱包",
    "electronics": "电子产品",
    "kitchen": "厨具",
    "furniture": "家具",
    "instruments": "乐器",
    "toys": "玩具",
}

COLOURS = (
    Colour("red", "红色", "#c8202f"),
    Colour("orange", "橙色", "#ee7a1c"),
    Colour("yellow", "黄色", "#f2c722"),
    Colour("green", "绿色", "#2e8b45"),
    Colour("teal", "青色", "#1f8f95"),
    Colour("sky blue", "天蓝色", "#6cb6e8"),
    Colour("navy", "藏青色", "#1f2f63"),
    Colour("purple", "紫色", "#7a3fa0"),
    Colour("pink", "粉色", "#ec7fae"),
    Colour("brown", "棕色", "#7a4a28"),
    Colour("beige", "米色", "#d8c19a"),
    Colour("black", "黑色", "#26262a"),
    Colour("grey", "灰色", "#8b8f96"),
    Colour("white", "白色", "#f3f3f0"),
)

PATTERNS = (
    Named("plain", "纯色"),
    Named("striped", "条纹"),
    Named("checked", "格子"),
    Named("dotted", "波点"),
    Named("floral", "碎花"),
    Named("zigzag", "锯齿纹"),
)

MATERIALS = (
    Named("leather", "皮革"),
    Named("denim", "牛仔布"),
    Named("cotton", "棉"),
    Named("canvas", "帆布"),
    Named("wool", "羊毛"),
    Named("silk", "丝绸"),
    Named("velvet", "天鹅绒"),
    Named("plush", "毛绒"),
    Named("steel", "钢"),
    Named("plastic", "塑料"),
    Named("wood", "木"),
    Named("ceramic", "陶瓷"),
    Named("glass", "玻璃"),
    Named("paper", "纸"),
)

BRANDS = (
    Brand("Lumbrel", "露布雷", "star", 1.0),
    Brand("Veltano", "维尔塔诺", "moon", 1.6),
    Brand("Korvika", "科维卡", "bolt", 0.8),
    Brand("Ossimer", "奥西默", "drop", 1.2),
    Brand("Brindlow", "布林洛", "leaf", 0.9),
    Brand("Taviro", "塔维罗", "triangle", 1.1),
    Brand("Nexumbra", "尼森布拉", "ring", 1.8),
    Brand("Quillark", "奎拉克", "cross", 1.0),
    Brand("Marlowen", "马洛温", "heart", 1.3),
    Brand("Zephrine", "泽弗琳", "wave", 0.7),
    Brand("Pinhollow", "品霍洛", "diamond", 0.9),
    Brand("Arkadee", "阿卡迪", "square", 1.4),
)

_CLOTHES_SIZES = ("XS", "S", "M", "L", "XL")
_SHOE_SIZES = ("36", "37", "38", "39", "40", "41", "42", "43", "44")
_ONE_SIZE = ("one size",)


def _styles(*pairs: str) -> tuple[Named, ...]:
    return tuple(Named(*pair.split("|")) for pair in pairs)


# fmt: off
PRODUCT_TYPES = (
    # clothes
    ProductType("t-shirt", "T恤", "clothes", _styles("crew-neck|圆领", "v-neck|V领", "polo|翻领"),
                ("cotton", "silk"), _CLOTHES_SIZES, (9, 40)),
    ProductType("shirt", "衬衫", "clothes",
                _styles("long-sleeved|长袖", "short-sleeved|短袖", "collarless|立领"),
                ("cotton", "denim", "silk"), _CLOTHES_SIZES, (20, 80)),
    ProductType("dress", "连衣裙", "clothes", _styles("sleeveless|无袖", "evening|晚装", "wrap|裹身"),
                ("cotton", "silk", "velvet"), _CLOTHES_SIZES, (30, 180)),
    ProductType("jacket", "夹克", "clothes", _styles("bomber|飞行员", "blazer|西装", "hooded|连帽"),
                ("leather", "denim", "wool"), _CLOTHES_SIZES, (50, 260)),
    ProductType("trousers", "裤子", "clothes", _styles("straight|直筒", "wide-leg|阔腿", "short|短款"),
                ("denim", "cotton", "wool"), _CLOTHES_SIZES, (25, 120)),
    ProductType("skirt", "半身裙", "clothes", _styles("pleated|百褶", "pencil|铅笔", "flared|喇叭"),
                ("cotton", "denim", "leather"), _CLOTHES_SIZES, (20, 110)),
    # shoes
    ProductType("trainers", "运动鞋", "shoes", _styles("low-top|低帮", "high-top|高帮", "running|跑步"),
                ("canvas", "leather"), _SHOE_SIZES, (35, 150)),
    ProductType("boots", "靴子", "shoes", _styles("ankle|短筒", "knee-high|高筒", "hiking|登山"),
                ("leather", "velvet"), _SHOE_SIZES, (60, 220)),
    ProductType("heels", "高跟鞋", "shoes", _styles("stiletto|细跟", "block-heel|粗跟", "platform|防水台"),
                ("leather", "silk", "velvet"), _SHOE_SIZES, (45, 200)),
    ProductType("sandals", "凉鞋", "shoes", _styles("strappy|绑带", "slide|一字拖", "wedge|坡跟"),
                ("leather", "plastic"), _SHOE_SIZES, (15, 90)),
    # bags
    ProductType("handbag", "手提包", "bags", _styles("tote|托特", "satchel|剑桥", "clutch|手拿"),
                ("leather", "canvas", "velvet"), _ONE_SIZE, (30, 300)),
    ProductType("backpack", "背包", "bags", _styles("school|学生", "roll-top|卷口", "mini|迷你"),
                ("canvas", "leather", "denim"), ("10 l", "18 l", "25 l"), (25, 140)),
    ProductType("suitcase", "行李箱", "bags", _styles("cabin|登机", "trunk|复古", "duffel|圆筒"),
                ("plastic", "leather", "canvas"), ("35 l", "60 l", "90 l"), (50, 320)),
    # electronics
    ProductType("phone", "手机", "electronics", _styles("slim|纤薄", "rugged|三防", "folding|折叠"),
                ("glass", "plastic", "steel"), ("64 GB", "128 GB", "256 GB"), (150, 1100)),
    ProductType("watch", "手表", "electronics", _styles("round|圆形", "square|方形", "sports|运动"),
                ("steel", "leather", "plastic"), ("38 mm", "42 mm", "46 mm"), (40, 600)),
    ProductType("headphones", "耳机", "electronics", _styles("over-ear|头戴", "neckband|颈挂", "earbud|入耳"),
                ("plastic", "steel", "leather"), _ONE_SIZE, (20, 350)),
    ProductType("laptop", "笔记本电脑", "electronics",
                _styles("ultra-thin|超薄", "gaming|游戏", "convertible|二合一"),
                ("steel", "plastic"), ("13 inch", "15 inch", "17 inch"), (400, 2200)),
    ProductType("camera", "相机", "electronics", _styles("compact|便携", "reflex|单反", "instant|拍立得"),
                ("plastic", "leather", "steel"), _ONE_SIZE, (60, 1400)),
    # kitchen
    ProductType("mug", "马克杯", "kitchen", _styles("straight|直身", "rounded|圆肚", "travel|随行"),
                ("ceramic", "steel", "glass"), ("250 ml", "350 ml", "500 ml"), (6, 35)),
    ProductType("kettle", "水壶", "kitchen", _styles("dome|圆顶", "gooseneck|鹅颈", "electric|电热"),
                ("steel", "glass", "plastic"), ("1.0 l", "1.7 l"), (20, 120)),
    ProductType("pan", "锅", "kitchen", _styles("frying|平底", "sauce|奶", "wok|炒"),
                ("steel", "ceramic"), ("20 cm", "24 cm", "28 cm"), (15, 130)),
    ProductType("teapot", "茶壶", "kitchen", _styles("round|圆形", "tall|高身", "square|方形"),
                ("ceramic", "glass", "steel"), ("0.6 l", "1.0 l"), (15, 90)),
    # furniture
    ProductType("chair", "椅子", "furniture", _styles("dining|餐", "rocking|摇", "office|办公"),
                ("wood", "plastic", "steel"), _ONE_SIZE, (40, 350)),
    ProductType("armchair", "扶手椅", "furniture", _styles("wingback|高背", "club|俱乐部", "lounge|休闲"),
                ("leather", "velvet", "wool"), _ONE_SIZE, (180, 1200)),
    ProductType("lamp", "灯", "furniture", _styles("desk|台", "floor|落地", "pendant|吊"),
                ("steel", "ceramic", "paper"), _ONE_SIZE, (20, 240)),
    ProductType("table", "桌子", "furniture", _styles("round|圆", "trestle|支架", "drawer|抽屉"),
                ("wood", "steel", "glass"), ("60 cm", "90 cm", "140 cm"), (60, 800)),
    # instruments
    ProductType("guitar", "吉他", "instruments", _styles("acoustic|木", "electric|电", "flying-v|飞V"),
                ("wood", "plastic"), _ONE_SIZE, (90, 1500)),
    ProductType("violin", "提琴", "instruments", _styles("classical|古典", "electric|电", "cello|大"),
                ("wood", "plastic"), ("1/2", "3/4", "4/4"), (90, 1800)),
    ProductType("drum", "鼓", "instruments", _styles("snare|小军", "bongo|邦戈", "djembe|非洲"),
                ("wood", "steel"), _ONE_SIZE, (40, 500)),
    # toys
    ProductType("teddy bear", "泰迪熊", "toys", _styles("sitting|坐姿", "standing|站立", "sleeping|睡姿"),
                ("plush", "wool"), ("20 cm", "40 cm", "80 cm"), (12, 90)),
    ProductType("toy car", "玩具车", "toys", _styles("racing|赛", "truck|卡", "bus|巴士"),
                ("plastic", "wood", "steel"), _ONE_SIZE, (5, 60)),
    ProductType("kite", "风筝", "toys", _styles("diamond|菱形", "delta|三角", "box|箱形"),
                ("paper", "silk", "plastic"), _ONE_SIZE, (8, 70)),
    ProductType("robot", "机器人", "toys", _styles("boxy|方形", "round|圆形", "tracked|履带"),
                ("plastic", "steel"), _ONE_SIZE, (15, 160)),
)
# fmt: on
