"""The tables, one file for each noun."""

from polyvisor.op.db.models.adoption import Adoption, AdoptionDiscovery, AdoptionDocument
from polyvisor.op.db.models.audit import AuditEntry
from polyvisor.op.db.models.cloud import Cloud
from polyvisor.op.db.models.console import ConsoleTicket
from polyvisor.op.db.models.event import Event
from polyvisor.op.db.models.filter import SavedFilter
from polyvisor.op.db.models.grant import Grant
from polyvisor.op.db.models.journal import JournalThing, JournalVm
from polyvisor.op.db.models.login import LoginAttempt
from polyvisor.op.db.models.operation import Operation, OperationStep
from polyvisor.op.db.models.project import Project
from polyvisor.op.db.models.reservation import Reservation
from polyvisor.op.db.models.resource import Resource, ResourceTag, Sync
from polyvisor.op.db.models.role import Role
from polyvisor.op.db.models.session import LoginSession
from polyvisor.op.db.models.tenant import Tenant
from polyvisor.op.db.models.token import ApiToken
from polyvisor.op.db.models.user import User
from polyvisor.op.db.models.vcenter import VCenter

__all__ = [
    "Adoption",
    "AdoptionDiscovery",
    "AdoptionDocument",
    "ApiToken",
    "AuditEntry",
    "Cloud",
    "ConsoleTicket",
    "Event",
    "Grant",
    "JournalThing",
    "JournalVm",
    "LoginAttempt",
    "LoginSession",
    "Operation",
    "OperationStep",
    "Project",
    "Reservation",
    "Resource",
    "ResourceTag",
    "Role",
    "SavedFilter",
    "Sync",
    "Tenant",
    "User",
    "VCenter",
]
