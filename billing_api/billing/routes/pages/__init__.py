"""The suite's own pages: landing, payment form, coming back. Forms use the public API only."""

from fastapi import APIRouter

from billing.routes.pages import assets, pages, returning

router = APIRouter(include_in_schema=False)
# In this order: `lost` answers whatever nobody else knows under /pay/.
for part in (assets.router, returning.router, pages.router, pages.lost):
    router.include_router(part)

__all__ = ["router"]
