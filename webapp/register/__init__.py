"""台帳: the tables, what the database itself guarantees, and phrases for asking."""

from webapp.register.applications import (
    Application,
    Consent,
    IdentityCheck,
    Inquiry,
    NumberSeries,
    TelephoneCall,
)
from webapp.register.arrivals import Arrival, ArrivalFile
from webapp.register.campaigns import Campaign, CampaignItem
from webapp.register.certificates import Certificate, Challenge
from webapp.register.content import Content
from webapp.register.database import IN_THE_WAY, OUTAGES, bind, database, migrate, row_number
from webapp.register.emergencies import EmergencyContact
from webapp.register.events import ChainBroken, ChainHead, Event, EventParticulars, verify_chain
from webapp.register.form_templates import FormTemplate, FormTrial, FormTrialPage
from webapp.register.gates import GateRecord
from webapp.register.imports import ImportBatch, ImportRow
from webapp.register.incoming import IncomingMail, Mailbox
from webapp.register.institution import Document, IdentityMethod, Institution, TrustAnchor, in_force
from webapp.register.jobs import Job
from webapp.register.kept_lists import KeptList
from webapp.register.key_uses import KeyUse
from webapp.register.notifications import Evidence, Notification
from webapp.register.office_certificates import OfficeCertificate
from webapp.register.papers import ApplicationForm, Csr, Intake, KeyPair, Letter, Paper
from webapp.register.people import (
    Absence,
    Account,
    Department,
    Person,
    PersonDepartment,
    PersonMail,
    PersonRole,
    SignInAttempt,
    Visit,
)
from webapp.register.profile_versions import ProfileVersion
from webapp.register.reminders import Reminder
from webapp.register.revocations import Revocation, StatusAnswer
from webapp.register.scans import Scan, ScanPicture
from webapp.register.seal_uses import SealUse
from webapp.register.seal_validations import SealValidation
from webapp.register.signatures import SignatureRecord
from webapp.register.stations import Pairing, PairingMiss, Station, StationJob, StationJobItem, StationNonce
from webapp.register.stocktakings import Stocktaking, StocktakingItem
from webapp.register.successions import Succession, SuccessionItem
from webapp.register.tokens import KeyProtection, Token, TokenHandover, TokenListing
from webapp.register.warnings import WarningAcceptance
from webapp.register.watching import CalendarFeed, Digest, Told, Watch

__all__ = [
    "IN_THE_WAY",
    "OUTAGES",
    "Absence",
    "Account",
    "Application",
    "Arrival",
    "ArrivalFile",
    "ApplicationForm",
    "CalendarFeed",
    "Campaign",
    "CampaignItem",
    "Certificate",
    "ChainBroken",
    "ChainHead",
    "Challenge",
    "Consent",
    "Content",
    "Csr",
    "Department",
    "Digest",
    "Document",
    "EmergencyContact",
    "Event",
    "EventParticulars",
    "Evidence",
    "FormTemplate",
    "FormTrial",
    "FormTrialPage",
    "GateRecord",
    "IdentityCheck",
    "IdentityMethod",
    "IncomingMail",
    "ImportBatch",
    "ImportRow",
    "Inquiry",
    "Institution",
    "Intake",
    "Job",
    "KeptList",
    "KeyPair",
    "KeyProtection",
    "KeyUse",
    "Letter",
    "Mailbox",
    "Notification",
    "NumberSeries",
    "OfficeCertificate",
    "Pairing",
    "PairingMiss",
    "Paper",
    "Person",
    "PersonDepartment",
    "PersonMail",
    "PersonRole",
    "ProfileVersion",
    "Reminder",
    "Revocation",
    "Scan",
    "ScanPicture",
    "SealUse",
    "SealValidation",
    "SignInAttempt",
    "SignatureRecord",
    "Station",
    "StationJob",
    "StationJobItem",
    "StationNonce",
    "StatusAnswer",
    "Stocktaking",
    "StocktakingItem",
    "Succession",
    "SuccessionItem",
    "TelephoneCall",
    "Token",
    "TokenHandover",
    "TokenListing",
    "Told",
    "TrustAnchor",
    "Visit",
    "WarningAcceptance",
    "Watch",
    "bind",
    "database",
    "in_force",
    "migrate",
    "row_number",
    "verify_chain",
]
