"""One order in the account: where it stands, what is in it, and what can be done with it."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.again import Again

from .. import styles
from ..badges import badge
from ..cart_line import thumbnail
from ..controls import link_button
from ..kit import Component, each, el, match, when
from ..order_again import again_button, again_note


def order_rows(orders: Any) -> Component:
    return el.ul(each(orders, _order), class_name="divide-y divide-line border-y border-line")


def _order(order: Any) -> Component:
    return el.li(
        el.div(
            el.h3(
                el.a(
                    _("Order "),
                    order.number,
                    href="/orders/" + order.token,
                    class_name="underline-offset-4 hover:underline",
                ),
                class_name="font-medium",
            ),
            _stand(order),
            class_name=styles.ENTRY_HEAD,
        ),
        el.p(
            order.placed,
            " · ",
            el.span(order.total, class_name="tabular-nums"),
            when(order.detail, el.span(" · ", order.detail)),
            class_name="text-sm text-ink-3",
        ),
        el.div(
            each(order.pictures, lambda thing: thumbnail(thing, styles.MINI_PICTURE)),
            el.p(order.summary, class_name="min-w-[160px] flex-1 self-center text-ink-2"),
            class_name="mt-3 flex flex-wrap gap-2",
        ),
        el.div(
            link_button(
                _("See order"),
                el.span(" ", order.number, class_name=styles.SR),
                href="/orders/" + order.token,
                kind="outline",
                size="s",
            ),
            again_button(order.number, Again.of_account(order.number)),
            when(
                order.may_go_back,
                link_button(
                    _("Return or withdraw"),
                    el.span(" ", _("from order "), order.number, class_name=styles.SR),
                    href="/orders/" + order.token + "#returns",
                    kind="plain",
                    size="s",
                ),
            ),
            class_name="mt-4 flex flex-wrap gap-2",
        ),
        again_note(order.number),
        class_name="py-6 text-md",
        data_testid="account-order",
        data_number=order.number,
        data_stand=order.stand,
        key=order.number,
    )


def _stand(order: Any) -> Component:
    said = order.stand_text
    return match(
        order.stand,
        {
            "review": badge(said, "amber", "clock"),
            "unpaid": badge(said, "amber", "clock"),
            "packing": badge(said, "blue", "product"),
            "partial": badge(said, "blue", "truck"),
            "shipped": badge(said, "blue", "truck"),
            "delivered": badge(said, "green", "check"),
        },
        badge(said, "calm", "back"),
    )
