"""x"""

import reflex as rx


class Notice(rx.State):
    text: str = ""
    kind: str = ""

    @rx.event
    def dismiss(self):
        self.text = ""
