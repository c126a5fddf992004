"""The pure core: events in, actions out."""

from coterie.scheduler.actions import Action, Dispatch, Fetch, Load, Refuse, Stage, Unload
from coterie.scheduler.events import Event
from coterie.scheduler.policies import POLICIES, Policy, policy, policy_problem
from coterie.scheduler.records import Snapshot
from coterie.scheduler.scheduler import Scheduler
from coterie.scheduler.status import (
    DeviceStatus,
    ExpertStatus,
    Explanation,
    Outlook,
    TenantStatus,
)

__all__ = [
    "POLICIES",
    "Action",
    "DeviceStatus",
    "Dispatch",
    "Event",
    "ExpertStatus",
    "Explanation",
    "Fetch",
    "Load",
    "Outlook",
    "Policy",
    "Refuse",
    "Scheduler",
    "Snapshot",
    "Stage",
    "TenantStatus",
    "Unload",
    "policy",
    "policy_problem",
]
