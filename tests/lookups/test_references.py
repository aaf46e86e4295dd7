"""Check digits of what payers write, with numbers whose check digits others have worked out."""

import pytest

from hub.contract import PaymentReference
from hub.contract.references import holds


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("ocr", "8907136421", True),  # ../shared/samples/invoices
        ("ocr", "890713642 1", True),
        ("ocr", "8907136422", False),
        ("ocr", "8907163421", False),  # two digits the other way round
        ("ocr", "1", False),
        ("ocr", "8" * 26, False),
        ("ocr", "", False),
        ("ocr", "8842071-3", False),
        ("ocr", "٨٩٠٧١٣٦٤٢١", False),
        ("kid", "12344", True),  # norwegian-numbers: 1234 by mod 10
        ("kid", "12343", True),  # the same by mod 11
        ("kid", "12345", False),
        ("kid", "23456783", True),
        ("kid", "23456788", True),
        ("kid", "23456789", False),
        ("kid", "6-", True),  # 6 weighs 12: one over eleven
        ("kid", "7-", False),
        ("kid", "6-6", False),
        ("kid", "2", False),
        ("kid", "1" * 26, False),
        ("fik", "+71<000000000000018+81234567<", True),  # giro-kort.dk: 8 checks 1
        ("fik", "+71< 000000000000026 +81234567<", True),  # 6 checks 2
        ("fik", "+71<000000000000027+81234567<", False),
        ("fik", "+75<0000000000000018+81234567<", True),
        ("fik", "+71<0000000000000018+81234567<", False),  # as many digits as 75 has
        ("fik", "000000000000018", True),
        ("fik", "0000000000000018", True),
        ("fik", "00000000000018", False),
        ("fik", "+73<+81234567<", None),
        ("fik", "+73<000000000000018+81234567<", False),
        ("fik", "+99<000000000000018+81234567<", False),
        ("fik", "<script>", False),
    ],
)
def test_a_check_digit_holds(kind: str, value: str, expected: bool | None) -> None:
    assert holds(PaymentReference(value, kind)) is expected  # type: ignore[arg-type]  # one of the three
