"""What machines can do: profiles as documents, and what an expert costs on one."""

from coterie.hardware.figures import Figures
from coterie.hardware.model import Card
from coterie.hardware.profile import Profile

__all__ = ["Card", "Figures", "Profile"]
