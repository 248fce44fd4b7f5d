"""What can be ordered, at United States list prices."""

from __future__ import annotations

from typing import NamedTuple


class MenuItem(NamedTuple):
    """A dish or drink; the price of one in US cents."""

    name: str
    price_cents: int


MENU: tuple[MenuItem, ...] = (
    MenuItem("Big Mac", 599),
    MenuItem("Quarter Pounder with Cheese", 649),
    MenuItem("Double Quarter Pounder with Cheese", 799),
    MenuItem("McDouble", 369),
    MenuItem("Cheeseburger", 279),
    MenuItem("Hamburger", 219),
    MenuItem("McChicken", 329),
    MenuItem("Filet-O-Fish", 549),
    MenuItem("McCrispy", 579),
    MenuItem("Chicken McNuggets (6 pieces)", 449),
    MenuItem("Chicken McNuggets (10 pieces)", 599),
    MenuItem("Happy Meal", 489),
    MenuItem("Small French Fries", 239),
    MenuItem("Medium French Fries", 339),
    MenuItem("Large French Fries", 409),
    MenuItem("Apple Pie", 199),
    MenuItem("McFlurry with Oreo Cookies", 459),
    MenuItem("Vanilla Cone", 189),
    MenuItem("Chocolate Shake", 379),
    MenuItem("Coca-Cola", 159),
    MenuItem("Iced Coffee", 289),
    MenuItem("Egg McMuffin", 429),
    MenuItem("Hash Browns", 199),
)
