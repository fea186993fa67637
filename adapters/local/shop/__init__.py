"""A sample shop to try tableferry on: its tables, its rows and its contract."""

from adapters.local.shop.generate import TABLES
from adapters.local.shop.load import contract, load_shop

__all__ = ["TABLES", "contract", "load_shop"]
