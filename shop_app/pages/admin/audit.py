"""The audit: who changed what, anywhere in the shop."""

from __future__ import annotations

from shop_app.components.admin.list import list_page
from shop_app.components.admin.menu import MenuItem
from shop_app.page import Page
from shop_app.services.staff.audit_list import AUDIT
from shop_app.state.admin.records import RecordList

PAGE = Page(
    AUDIT.address,
    list_page(AUDIT),
    AUDIT.title,
    load=(RecordList.load,),
    needs=AUDIT.needs,
    menu=MenuItem(AUDIT.title, "audit", keys="g a", foot=True),
)
