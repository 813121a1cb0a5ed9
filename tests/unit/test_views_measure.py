"""How texts are measured and broken."""

from hypothesis import given
from hypothesis import strategies as st

from distsys.views.measure import lines, shortened, width


@given(text=st.text(max_size=80), most=st.integers(30, 200), count=st.integers(1, 4))
def test_no_line_is_wider_than_asked_and_none_is_too_many(text, most, count):
    found = lines(text, most, count)
    assert len(found) <= count
    assert all(width(line) <= most for line in found)


@given(text=st.text(alphabet="abc de,(", max_size=60))
def test_what_fits_is_not_cut_and_breaking_loses_only_blanks(text):
    found = lines(text, 60, 40)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_a_line_breaks_at_blanks_and_a_vector_stays_whole():
    assert lines("delivered [1 0 2]", 82, 2) == ("delivered", "[1 0 2]")
    assert lines("client: Ping(98)", 80, 2) == ("client:", "Ping(98)")


def test_chinese_letters_are_as_wide_as_they_are_high():
    assert width("一致性") == 3 * width("一") == 39
    assert shortened("一致性哈希", 40) == "一致..."
