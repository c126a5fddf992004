"""`coterie profile list`: the machines that Coterie knows of itself."""

from coterie.cli.client import AsJson
from coterie.cli.output import print_json
from coterie.cli.profile.tables import console, links, shown, size, table
from coterie.config.units import format_bandwidth
from coterie.hardware import catalogue

WIDE = 120  # columns of a terminal that has room for what each stands for


def list_profiles(as_json: AsJson = False) -> None:
    """List the hardware profiles that come along.

    Example: coterie profile list
    """
    profiles = [catalogue.load(name) for name in catalogue.names()]
    if as_json:
        print_json(profiles)
        return
    out = console()
    is_wide = out.width >= WIDE
    columns = ("devices", "hot", "bandwidth", "host", "links", "compute", "about")
    listed = table("profile", *(columns if is_wide else columns[:-1]))
    for one in profiles:
        listed.add_row(
            one.name,
            f"{one.cores} cores" if one.cores else str(one.devices),
            size(one.tiers.hot.bytes),
            format_bandwidth(one.tiers.hot.bandwidth),
            size(one.tiers.host.bytes),
            links(one),
            shown("compute", one.compute),
            *([one.about] if is_wide else []),
        )
    out.print(listed)
