"""Categories and performance at and around every boundary."""

from __future__ import annotations

import pytest

from tallystick.servicing.classification import Category, Performance, category_of, performance_of


@pytest.mark.parametrize(
    ("days_past_due", "category", "chinese"),
    [
        (0, Category.NORMAL, "正常"),
        (1, Category.SPECIAL_MENTION, "关注"),
        (90, Category.SPECIAL_MENTION, "关注"),
        (91, Category.SUBSTANDARD, "次级"),
        (270, Category.SUBSTANDARD, "次级"),
        (271, Category.DOUBTFUL, "可疑"),
        (360, Category.DOUBTFUL, "可疑"),
        (361, Category.LOSS, "损失"),
        (5000, Category.LOSS, "损失"),
    ],
)
def test_five_categories(days_past_due: int, category: Category, chinese: str) -> None:
    assert category_of(days_past_due) is category
    assert category.chinese == chinese
    assert category.is_non_performing == (days_past_due > 90)


@pytest.mark.parametrize(
    ("days_past_due", "grace_days", "performance"),
    [
        (0, 0, Performance.PERFORMING),
        (1, 0, Performance.DELINQUENT),
        (1, 10, Performance.DELAYED),
        (10, 10, Performance.DELAYED),
        (11, 10, Performance.DELINQUENT),
        (90, 10, Performance.DELINQUENT),
        (91, 10, Performance.DEFAULT),
        (120, 120, Performance.DELAYED),
        (121, 120, Performance.DEFAULT),
    ],
)
def test_performance(days_past_due: int, grace_days: int, performance: Performance) -> None:
    assert performance_of(days_past_due, grace_days) is performance
