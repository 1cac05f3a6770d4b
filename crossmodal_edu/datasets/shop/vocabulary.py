"""The words people use for the shop's attributes, in English and Chinese.

Each line of a table reads ``value | English words | Chinese words``. The value is
the name in :mod:`crossmodal_edu.datasets.shop.attributes`; the word written first
is the one most people use. In the table of styles ``~`` stands for any word for
the type.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What a value is called, the usual word first."""

    en: tuple[str, ...]
    zh: tuple[str, ...]


def _table(lines: str) -> dict[str, Words]:
    rows = (line.split("|") for line in lines.strip().splitlines())
    return {
        value.strip(): Words(*(tuple(word.strip() for word in words.split(";")) for words in columns))
        for value, *columns in rows
    }


COLOUR_WORDS = _table("""
    red      | red; scarlet; crimson                       | 红色; 大红色; 正红色
    orange   | orange; tangerine; bright orange            | 橙色; 橘色; 橘黄色
    yellow   | yellow; lemon yellow; sunny yellow          | 黄色; 明黄色; 柠檬黄色
    green    | green; emerald; grass green                 | 绿色; 翠绿色; 草绿色
    teal     | teal; turquoise; blue-green                 | 青色; 蓝绿色; 孔雀蓝色
    sky blue | sky blue; light blue; pale blue; baby blue  | 天蓝色; 浅蓝色; 淡蓝色
    navy     | navy; dark blue; navy blue; midnight blue   | 藏青色; 深蓝色; 海军蓝色
    purple   | purple; violet; plum                        | 紫色; 紫罗兰色; 葡萄紫色
    pink     | pink; rose pink; candy pink                 | 粉色; 粉红色; 玫粉色
    brown    | brown; chestnut; chocolate brown            | 棕色; 咖啡色; 褐色
    beige    | beige; sand; cream                          | 米色; 杏色; 沙色
    black    | black; jet black                            | 黑色; 纯黑色
    grey     | grey; gray; silver grey                     | 灰色; 银灰色
    white    | white; pure white; snow white               | 白色; 纯白色; 雪白色
""")

PATTERN_WORDS = _table("""
    plain    | plain; solid; solid-colour   | 纯色; 素色
    striped  | striped; stripy              | 条纹; 条子
    checked  | checked; plaid; chequered    | 格子; 格纹; 方格
    dotted   | polka-dot; dotted; spotted   | 波点; 圆点
    floral   | floral; flowery; flower-print | 碎花; 花朵
    zigzag   | zigzag; chevron              | 锯齿纹; 人字纹
""")

# What is painted in the accent colour: "with white stripes", "with white trim".
ACCENT_NOUNS = {
    "plain": ("trim", "details", "accents"),
    "striped": ("stripes",),
    "checked": ("checks", "squares"),
    "dotted": ("dots", "polka dots", "spots"),
    "floral": ("flowers", "blossoms"),
    "zigzag": ("zigzags", "zigzag lines"),
}
ACCENT_NOUNS_ZH = {"plain": ("点缀", "拼色", "饰边")} | {
    name: words.zh for name, words in PATTERN_WORDS.items() if name != "plain"
}

MATERIAL_WORDS = _table("""
    leather | leather; real leather      | 皮革; 真皮; 皮质
    denim   | denim; jean                | 牛仔; 丹宁
    cotton  | cotton; pure cotton        | 纯棉; 棉质; 全棉
    canvas  | canvas; sailcloth          | 帆布
    wool    | wool; woollen              | 羊毛; 毛呢
    silk    | silk; pure silk            | 丝绸; 真丝
    velvet  | velvet; velour             | 天鹅绒; 丝绒
    plush   | plush; fluffy; furry       | 毛绒; 绒布
    steel   | steel; stainless steel; metal | 不锈钢; 钢制; 金属
    plastic | plastic                    | 塑料; 塑胶
    wood    | wooden; wood; solid wood   | 木质; 实木; 木制
    ceramic | ceramic; stoneware         | 陶瓷; 瓷质
    glass   | glass                      | 玻璃; 玻璃质
    paper   | paper                      | 纸质; 纸制
""")

TYPE_WORDS = _table("""
    t-shirt    | t-shirt; tee; tee shirt              | T恤; T恤衫
    shirt      | shirt; button-up shirt               | 衬衫; 衬衣
    dress      | dress; frock                         | 连衣裙; 连身裙; 裙子
    jacket     | jacket; coat                         | 夹克; 外套
    trousers   | trousers; pants                      | 裤子; 长裤
    skirt      | skirt                                | 半身裙; 半裙
    trainers   | trainers; sneakers; sports shoes     | 运动鞋; 球鞋
    boots      | boots                                | 靴子; 靴
    heels      | heels; high heels; high-heeled shoes | 高跟鞋
    sandals    | sandals; summer sandals              | 凉鞋; 夏季凉鞋
    handbag    | handbag; purse; hand bag             | 手提包; 手袋; 女包
    backpack   | backpack; rucksack; knapsack         | 背包; 双肩包; 书包
    suitcase   | suitcase; travel case; luggage case  | 行李箱; 旅行箱
    phone      | phone; smartphone; mobile phone      | 手机; 智能手机
    watch      | watch; wristwatch                    | 手表; 腕表
    headphones | headphones; earphones                | 耳机
    laptop     | laptop; notebook computer            | 笔记本电脑; 手提电脑
    camera     | camera; photo camera                 | 相机; 照相机
    mug        | mug; cup; coffee mug                 | 马克杯; 杯子; 咖啡杯
    kettle     | kettle; water kettle                 | 水壶; 烧水壶
    pan        | pan; cooking pan                     | 锅; 锅具
    teapot     | teapot; tea pot                      | 茶壶; 泡茶壶
    chair      | chair; seat                          | 椅子; 座椅
    armchair   | armchair; easy chair                 | 扶手椅; 单人沙发
    lamp       | lamp; light                          | 灯; 灯具
    table      | table                                | 桌子
    guitar     | guitar                               | 吉他; 六弦琴
    violin     | violin; fiddle                       | 提琴; 小提琴
    drum       | drum; percussion drum                | 鼓
    teddy bear | teddy bear; stuffed bear; toy bear   | 泰迪熊; 玩具熊; 小熊公仔
    toy car    | toy car; model car                   | 玩具车; 玩具汽车
    kite       | kite; toy kite                       | 风筝
    robot      | robot; toy robot                     | 机器人; 玩具机器人
""")

STYLE_WORDS = _table("""
    t-shirt/crew-neck   | crew-neck ~; round-neck ~               | 圆领~
    t-shirt/v-neck      | v-neck ~                                | V领~
    t-shirt/polo        | polo shirt; polo ~; collared ~          | 翻领~; 有领~
    shirt/long-sleeved  | long-sleeved ~; long-sleeve ~           | 长袖~
    shirt/short-sleeved | short-sleeved ~; short-sleeve ~         | 短袖~
    shirt/collarless    | collarless ~; stand-collar ~            | 立领~
    dress/sleeveless    | sleeveless ~; summer ~                  | 无袖~
    dress/evening       | evening ~; evening gown; party ~        | 晚装~; 晚礼服
    dress/wrap          | wrap ~; wrap-around ~                   | 裹身~
    jacket/bomber       | bomber ~; bomber                        | 飞行员~; 飞行~
    jacket/blazer       | blazer; blazer ~; suit ~                | 西装~; 西装
    jacket/hooded       | hooded ~; ~ with a hood                 | 连帽~
    trousers/straight   | straight ~; straight-leg ~              | 直筒裤; 直筒~
    trousers/wide-leg   | wide-leg ~; wide ~                      | 阔腿裤; 宽松~
    trousers/short      | shorts; short ~                         | 短裤; 短款裤子
    skirt/pleated       | pleated ~                               | 百褶裙; 百褶~
    skirt/pencil        | pencil ~; narrow ~                      | 铅笔裙; 包臀裙
    skirt/flared        | flared ~; swing ~                       | 伞裙; 喇叭~
    trainers/low-top    | low-top ~; low-cut ~                    | 低帮~
    trainers/high-top   | high-top ~; high-cut ~                  | 高帮~
    trainers/running    | running shoes; running ~                | 跑步鞋; 跑鞋
    boots/ankle         | ankle ~; short ~                        | 短靴; 短筒~
    boots/knee-high     | knee-high ~; tall ~                     | 高筒~; 长靴
    boots/hiking        | hiking ~; walking ~                     | 登山靴; 登山~
    heels/stiletto      | stiletto ~; stilettos                   | 细跟~
    heels/block-heel    | block ~; chunky ~                       | 粗跟~
    heels/platform      | platform ~; platforms                   | 防水台~
    sandals/strappy     | strappy ~; ~ with straps                | 绑带~
    sandals/slide       | slide ~; slides; slip-on ~              | 一字拖~; 拖鞋式~
    sandals/wedge       | wedge ~; wedges                         | 坡跟~
    handbag/tote        | tote ~; tote bag; tote                  | 托特~; 托特包
    handbag/satchel     | satchel ~; satchel                      | 剑桥~; 剑桥包
    handbag/clutch      | clutch ~; clutch bag; clutch            | 手拿~; 手拿包
    backpack/school     | school ~; school bag                    | 学生~
    backpack/roll-top   | roll-top ~                              | 卷口~
    backpack/mini       | mini ~; small ~                         | 迷你~; 小~
    suitcase/cabin      | cabin ~; carry-on ~; trolley case       | 登机~; 登机箱
    suitcase/trunk      | trunk ~; vintage ~; travel trunk        | 复古~; 老式~
    suitcase/duffel     | duffel bag; duffel; holdall             | 圆筒旅行包; 圆筒行李袋
    phone/slim          | slim ~; thin ~                          | 纤薄~; 轻薄~
    phone/rugged        | rugged ~; outdoor ~                     | 三防~; 户外~
    phone/folding       | folding ~; foldable ~; flip phone       | 折叠~; 折叠屏~
    watch/round         | round ~                                 | 圆形~; 圆盘~
    watch/square        | square ~                                | 方形~; 方盘~
    watch/sports        | sports ~                                | 运动~
    headphones/over-ear | over-ear ~                              | 头戴~; 头戴式~
    headphones/neckband | neckband ~                              | 颈挂~; 挂脖~
    headphones/earbud   | earbuds; earbud ~; in-ear ~             | 入耳~; 入耳式~
    laptop/ultra-thin   | ultra-thin ~; slim ~                    | 超薄~; 轻薄~
    laptop/gaming       | gaming ~; gamer's ~                     | 游戏~; 电竞~
    laptop/convertible  | convertible ~; two-in-one ~             | 二合一~; 翻转~
    camera/compact      | compact ~; pocket ~                     | 便携~; 口袋~
    camera/reflex       | reflex ~; SLR ~                         | 单反~
    camera/instant      | instant ~                               | 拍立得~; 即时成像~
    mug/straight        | straight ~; straight-sided ~            | 直身~
    mug/rounded         | rounded ~; round-bellied ~              | 圆肚~
    mug/travel          | travel ~; travel tumbler                | 随行杯; 随行~
    kettle/dome         | dome ~; domed ~                         | 圆顶~
    kettle/gooseneck    | gooseneck ~; pour-over ~                | 鹅颈~; 手冲壶
    kettle/electric     | electric ~                              | 电热~; 电热壶
    pan/frying          | frying pan; frypan; skillet             | 平底锅; 煎锅
    pan/sauce           | saucepan; sauce pan                     | 奶锅; 汤锅
    pan/wok             | wok; wok pan                            | 炒锅; 中式炒锅
    teapot/round        | round ~                                 | 圆形~; 圆~
    teapot/tall         | tall ~                                  | 高身~
    teapot/square       | square ~                                | 方形~; 方~
    chair/dining        | dining ~; kitchen ~                     | 餐椅; 餐桌椅
    chair/rocking       | rocking ~; rocker                       | 摇椅; 摇摇椅
    chair/office        | office ~; desk ~; swivel ~              | 办公椅; 电脑椅
    armchair/wingback   | wingback ~; wing chair                  | 高背~
    armchair/club       | club ~; club chair                      | 俱乐部~
    armchair/lounge     | lounge ~; lounge chair                  | 休闲~; 休闲椅
    lamp/desk           | desk ~; reading ~                       | 台灯; 书桌灯
    lamp/floor          | floor ~; standing ~                     | 落地灯; 立式灯
    lamp/pendant        | pendant ~; hanging ~                    | 吊灯; 悬挂灯
    table/round         | round ~                                 | 圆桌; 圆形桌子
    table/trestle       | trestle ~                               | 支架桌; 支架桌子
    table/drawer        | ~ with a drawer; drawer ~               | 抽屉桌; 带抽屉的桌子
    guitar/acoustic     | acoustic ~                              | 木吉他; 民谣吉他
    guitar/electric     | electric ~                              | 电吉他
    guitar/flying-v     | flying V ~; V-shaped ~                  | 飞V吉他; V形吉他
    violin/classical    | classical ~                             | 古典小提琴; 古典提琴
    violin/electric     | electric ~                              | 电小提琴; 电提琴
    violin/cello        | cello; violoncello                      | 大提琴
    drum/snare          | snare ~; snare                          | 小军鼓; 军鼓
    drum/bongo          | bongo ~; bongos                         | 邦戈鼓
    drum/djembe         | djembe; djembe ~                        | 非洲鼓; 非洲手鼓
    teddy bear/sitting  | sitting ~; seated ~                     | 坐姿~
    teddy bear/standing | standing ~                              | 站立~; 站姿~
    teddy bear/sleeping | sleeping ~; sleepy ~                    | 睡姿~; 睡觉的~
    toy car/racing      | toy racing car; toy race car            | 玩具赛车
    toy car/truck       | toy truck; toy lorry                    | 玩具卡车; 玩具货车
    toy car/bus         | toy bus                                 | 玩具巴士; 玩具公交车
    kite/diamond        | diamond ~; diamond-shaped ~             | 菱形~
    kite/delta          | delta ~; triangular ~                   | 三角~; 三角形~
    kite/box            | box ~                                   | 箱形~; 立体~
    robot/boxy          | boxy ~; square ~                        | 方形~; 方块~
    robot/round         | round ~                                 | 圆形~; 圆头~
    robot/tracked       | tracked ~; ~ on tracks                  | 履带~; 履带式~
""")

# A style with a name of its own: nobody calls a cello a violin or a toy bus a toy car.
OWN_NAME = {"trousers/short", "suitcase/duffel", "pan/wok", "violin/cello", "toy car/truck", "toy car/bus"}

CARE = _table("""
    leather | Wipe with a soft dry cloth and feed the leather twice a year | 用软布擦拭，每年上两次护理油
    denim | Wash at 30 degrees, inside out | 三十度水温反面洗涤
    cotton | Machine wash at 40 degrees | 可四十度机洗
    canvas | Brush off the dirt and let it dry in the air | 刷去灰尘后自然晾干
    wool | Air it often and wash it by hand in cold water | 经常通风，冷水手洗
    silk | Dry clean only and keep out of strong sunlight | 只可干洗，避免强光直射
    velvet | Brush along the pile and never iron it | 顺着绒毛刷理，不可熨烫
    plush | Surface wash with mild soap | 用温和肥皂水擦洗表面
    steel | Rinse and dry it, so that no spots stay | 冲洗后擦干，不留水渍
    plastic | Clean with a damp cloth | 用湿布清洁即可
    wood | Dust it, and oil the wood once a year | 拂去灰尘，每年上一次木油
    ceramic | Handle with care: it chips when dropped | 轻拿轻放，谨防磕碰
    glass | Polish with a lint-free cloth | 用无绒布擦亮
    paper | Keep it dry | 请保持干燥
""")

USES = _table("""
    clothes | easy to combine; cut for every day; comfortable all day | 百搭款式; 适合日常穿着; 全天舒适
    shoes | comfortable all day; easy to match; with a soft insole | 久走不累; 百搭易穿; 内垫柔软
    bags | with room for the day; light to carry; with a pocket inside | 容量充足; 轻便好带; 内有小袋
    electronics | easy to set up; with a long battery life; with a warranty | 简单易用; 续航持久; 两年质保
    kitchen | for every kitchen; easy to clean; a good gift for cooks | 适合各种厨房; 容易清洗; 送礼佳品
    furniture | for any room; quickly put together; steady on any floor | 大小房间皆宜; 安装快捷; 平稳牢固
    instruments | for beginners and for the stage; with a warm sound; tuned | 初学皆宜; 音色温暖; 可直接演奏
    toys | for children from three years; sturdy; a present to remember | 适合三岁以上; 结实耐玩; 难忘的礼物
""")
