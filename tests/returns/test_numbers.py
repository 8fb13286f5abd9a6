from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metered.returns import numbers

NUMBERS = st.integers(10_000_000, 99_999_999).map(lambda n: str(n) + numbers.check_digit(str(n)))


def test_the_check_digit_is_damms() -> None:
    assert numbers.check_digit("572") == "4"
    assert numbers.is_number("100000007") == (numbers.check_digit("10000000") == "7")


@given(NUMBERS, st.integers(0, 8), st.integers(1, 9))
def test_a_misheard_digit_is_noticed(number: str, at: int, by: int) -> None:
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    assert numbers.is_number(number) and not numbers.is_number(wrong)


@given(NUMBERS, st.integers(0, 7))
def test_two_swapped_digits_are_noticed(number: str, at: int) -> None:
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert numbers.is_number(swapped) == (swapped == number)


def test_a_new_number_is_whole_and_is_read_in_groups() -> None:
    for _ in range(200):
        number = numbers.new_number()
        assert numbers.is_number(number) and number[0] != "0"
        assert numbers.typed(f"RMA {numbers.spoken(number)}") == number
    assert numbers.spoken("482719356") == "482 719 356"
    assert not numbers.is_number("") and not numbers.is_number("12345678") and not numbers.is_number("٣" * 9)
