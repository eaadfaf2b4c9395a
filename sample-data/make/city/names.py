# SPDX-License-Identifier: Apache-2.0
"""Invented names of the example city: districts, townships, communities, roads, in Chinese and English."""
CITY = ("339900", "衢澄市", "Qucheng City")
DISTRICTS = [("澄江区", "Chengjiang District"), ("龙岩溪区", "Longyanxi District"), ("常岭县", "Changling County")]
# Names of the townships of each district, the densest first: streets (街道), towns (镇) and townships (乡).
TOWNSHIPS = [
    [("府前街道", "Fuqian Street"), ("双溪街道", "Shuangxi Street"), ("信义街道", "Xinyi Street"),
     ("白云街道", "Baiyun Street"), ("航埠镇", "Hangbu Town"), ("石梁镇", "Shiliang Town")],
    [("樟潭街道", "Zhangtan Street"), ("浮石街道", "Fushi Street"), ("廿里镇", "Nianli Town"),
     ("湖南镇", "Hunan Town"), ("全旺镇", "Quanwang Town"), ("黄坛乡", "Huangtan Township")],
    [("天马街道", "Tianma Street"), ("辉埠镇", "Huibu Town"), ("球川镇", "Qiuchuan Town"),
     ("芳村镇", "Fangcun Town"), ("同弓乡", "Tonggong Township"), ("九华乡", "Jiuhua Township")],
]
_FIRST = [("东", "Dong"), ("南", "Nan"), ("西", "Xi"), ("北", "Bei"), ("上", "Shang"), ("下", "Xia"), ("新", "Xin"),
          ("古", "Gu"), ("青", "Qing"), ("白", "Bai"), ("金", "Jin"), ("大", "Da")]
_SECOND = [("塘", "tang"), ("桥", "qiao"), ("坞", "wu"), ("垄", "long"), ("溪", "xi"), ("埠", "bu"), ("畈", "fan"),
           ("岗", "gang"), ("园", "yuan"), ("门", "men"), ("坂", "ban")]


def community(number, urban):
    """Name of the community with a number from 0 to 131; all differ."""
    first, second = _FIRST[number % 12], _SECOND[(number + number // 12) % 11]
    kind = ("社区", "Community") if urban else ("村", "Village")
    return first[0] + second[0] + kind[0], f"{first[1]}{second[1]} {kind[1]}"


ARTERIALS = [("衢江大道", "Qujiang Avenue"), ("信安大道", "Xin'an Avenue"), ("环城南路", "South Ring Road"),
             ("环城北路", "North Ring Road"), ("常岭大道", "Changling Avenue"), ("机场路", "Airport Road"),
             ("荷花大道", "Hehua Avenue")]
LANES = [("水亭门小吃街", "Shuitingmen Food Lane"), ("下街", "Lower Lane"), ("坊门街", "Fangmen Lane"),
         ("三桥夜市", "Third Bridge Night Market"), ("府山弄", "Fushan Lane"), ("天马食街", "Tianma Food Street"),
         ("樟潭老街", "Zhangtan Old Street"), ("航埠街", "Hangbu Street")]
