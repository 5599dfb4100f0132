"""How a loan is judged by its days past due.

Five categories: Rules on Risk Classification of Financial Assets of Commercial Banks, CBIRC and
PBC order 1 of 2023, articles 10 to 14 (商业银行金融资产风险分类办法): overdue at all is at least
special mention, over 90 days substandard, over 270 doubtful, over 360 loss. These are the
days-past-due floors; a person may judge a loan worse for other reasons.

Performance: the contract performance states of ACTUS (PF, DL, DQ, DF), with the delinquency period
ending after 90 days.
"""

from __future__ import annotations

from enum import StrEnum

DEFAULT_AFTER_DAYS = 90


class Category(StrEnum):
    """The five categories, from the best to the worst."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"

    @property
    def chinese(self) -> str:
        return _CHINESE[self]

    @property
    def is_non_performing(self) -> bool:
        """不良: substandard or worse."""
        return self not in (Category.NORMAL, Category.SPECIAL_MENTION)


_CHINESE = {
    Category.NORMAL: "正常",
    Category.SPECIAL_MENTION: "关注",
    Category.SUBSTANDARD: "次级",
    Category.DOUBTFUL: "可疑",
    Category.LOSS: "损失",
}

_OVER_DAYS = (
    (360, Category.LOSS),
    (270, Category.DOUBTFUL),
    (90, Category.SUBSTANDARD),
    (0, Category.SPECIAL_MENTION),
)


class Performance(StrEnum):
    PERFORMING = "performing"
    DELAYED = "delayed"
    DELINQUENT = "delinquent"
    DEFAULT = "default"


def category_of(days_past_due: int) -> Category:
    for over, category in _OVER_DAYS:
        if days_past_due > over:
            return category
    return Category.NORMAL


def performance_of(days_past_due: int, grace_days: int) -> Performance:
    """Delayed within the grace days, delinquent after them, in default after 90 days."""
    if days_past_due == 0:
        return Performance.PERFORMING
    if days_past_due > max(DEFAULT_AFTER_DAYS, grace_days):
        return Performance.DEFAULT
    return Performance.DELAYED if days_past_due <= grace_days else Performance.DELINQUENT
