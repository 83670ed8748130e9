"""The security headers that every answer carries, the content security policy among them."""

from __future__ import annotations

from collections.abc import Iterable

from shop_app.core.settings import settings

STRIPE_CHECKOUT = "https://checkout.stripe.com"


def content_security_policy(script_hashes: Iterable[str] = ()) -> str:
    """The pages' content security policy: own scripts, and the built inline ones by their hashes.

    No `unsafe-eval`, so Reflex's toasts, `call_script` and client state don't work. Inline styles are allowed
    because React sets style attributes. In development Vite serves the pages, without this policy.
    """
    public = settings().public_url
    socket = public.replace("http", "ws", 1)
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *script_hashes)),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            # In some browsers 'self' doesn't include wss:.
            f"connect-src 'self' {socket}",
            "manifest-src 'self'",
            "media-src 'self'",
            f"form-action 'self' {STRIPE_CHECKOUT}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
        )
    )


FILES_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""The policy of what isn't HTML: a picture or a file that is opened by itself runs and loads nothing."""


def security_headers() -> list[tuple[bytes, bytes]]:
    """The headers of every answer without its content security policy, with lower-case names as in ASGI."""
    headers = {
        # Without this the server writes its own name and version.
        "server": "shop",
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), "
        "payment=(), usb=(), browsing-topics=()",
        "x-frame-options": "DENY",
    }
    if settings().public_url.startswith("https://"):
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return [(name.encode(), value.encode()) for name, value in headers.items()]
