import pytest

from pipeline.measure.spoken import cardinal, spoken
from pipeline.measure.syllables import count


@pytest.mark.parametrize(
    ("digits", "read"),
    [
        ("0", "零"),
        ("000", "零"),
        ("7", "七"),
        ("10", "十"),
        ("15", "十五"),
        ("20", "二十"),
        ("105", "一百零五"),
        ("110", "一百一十"),
        ("1000", "一千"),
        ("1005", "一千零五"),
        ("1050", "一千零五十"),
        ("10000", "一万"),
        ("10086", "一万零八十六"),
        ("120000", "十二万"),
        ("1002003", "一百万二千零三"),
        ("100000000", "一亿"),
        ("100010001", "一亿零一万零一"),
        ("9" * 21, "九" * 21),
    ],
)
def test_quantities_are_read_as_in_school(digits, read):
    assert cardinal(digits) == read


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("138 1234 5678", "一三八一二三四五六七八"),
        ("138-1234-5678", "一三八一二三四五六七八"),
        ("13812345678", "一三八一二三四五六七八"),
        ("400-810-1234", "四零零八一零一二三四"),
        ("010-62345678", "零一零六二三四五六七八"),
        ("拨打10086", "拨打一零零八六"),
        ("12345热线", "一二三四五热线"),
        ("12000元", "一万二千元"),
        ("工号1024", "工号一零二四"),
        ("验证码是 384756", "验证码是 三八四七五六"),
        ("尾号0078", "尾号零零七八"),
        ("¥36.50", "三十六块五"),
        ("￥36.55", "三十六块五毛五"),
        ("¥36.05", "三十六块零五分"),
        ("¥0.50", "五毛"),
        ("¥100", "一百块"),
        ("¥3万", "三万块"),
        ("$100", "一百美元"),
        ("36.50元", "三十六点五元"),
        ("99.00元", "九十九元"),
        ("1,234.5元", "一千二百三十四点五元"),
        ("100，200", "一百，二百"),
        ("2024年5月3日", "二零二四年五月三日"),
        ("24年5月", "二四年五月"),
        ("10年", "十年"),
        ("2024-05-03", "二零二四年五月三日"),
        ("2024/5/3", "二零二四年五月三日"),
        ("15:30", "十五点三十"),
        ("１５：３０", "十五点三十"),
        ("9:05", "九点零五分"),
        ("15:00", "十五点"),
        ("20%", "百分之二十"),
        ("0.5‰", "千分之零点五"),
        ("1/3", "三分之一"),
        ("3-5天", "三到五天"),
        ("3~5天", "三到五天"),
        ("-5°", "负五度"),
        ("36.5℃", "三十六点五摄氏度"),
        ("10kg", "十公斤"),
        ("3.14", "三点一四"),
        ("第3", "第三"),
        ("1.5万", "一点五万"),
        ("7*24小时", "七乘二十四小时"),
        ("请按#号键", "请按井号键"),
        ("没有数字，没有变化。", "没有数字，没有变化。"),
    ],
)
def test_numbers_are_written_out_as_they_are_said(written, said):
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("", 0),
        ("，。！？…—《》“”、；：·（）~", 0),
        ("   \n\t", 0),
        ("您好", 2),
        ("您好！！！", 2),
        ("请问有什么可以帮您？", 9),
        ("这儿", 1),
        ("稍等一会儿", 4),
        ("女儿和儿子", 5),
        ("儿童", 2),
        ("VIP", 3),
        ("vip客户", 5),
        ("App", 3),
        ("下载APP", 5),
        ("Wi-Fi", 2),
        ("WIFI密码", 4),
        ("QQ号", 3),
        ("5G套餐", 4),
        ("WeChat", 2),
        ("iPhone15", 4),
        ("W", 3),
        ("OK", 2),
        ("kf@qq.com", 8),
        ("二〇二四年", 5),
        ("人人々", 3),
        ("𠮷野家", 3),
        ("😀👍", 0),
    ],
)
def test_mandarin_syllables(text, syllables):
    assert count(text, "zh") == syllables


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("hello this is harper valley national bank", 12),
        ("how can i help you today", 7),
        ("alright your balance is a hundred and thirty four dollars", 15),
        ("I'd like to change my address, please.", 8),
        ("wanted worked needed changes services", 10),
        ("the little table was available", 10),
        ("HELLO THERE", 3),
        ("call the FBI", 5),
        ("134 dollars", 8),
        ("20%", 4),
        ("3.5", 3),
        ("0078", 7),
        ("...", 0),
    ],
)
def test_english_syllables(text, syllables):
    assert count(text, "en") == syllables


def test_a_language_without_rules_has_no_count():
    assert count("Guten Tag", "de") is None
