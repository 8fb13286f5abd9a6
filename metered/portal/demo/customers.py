"""Three customers: where they are, who works there, what they pay, and the printers they know by name."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "metered-demo-only"  # noqa: S105 (the demo's data is made up; the table that prints it says so)


@dataclass(frozen=True, slots=True)
class AddressFact:
    """Where supplies go; `lines` are separated by a slash."""

    name: str
    recipient: str
    lines: str
    city: str
    region: str
    postal_code: str
    country: str
    time_zone: str
    contact: str
    phone: str
    note: str = ""

    @property
    def subdivision(self) -> str:
        return self.region if self.country in {"US", "CA"} else ""


@dataclass(frozen=True, slots=True)
class PersonFact:
    """A person's part in one account; `only` names the addresses they are limited to."""

    email: str
    name: str
    role: str
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrinterFact:
    """A printer as its people speak of it. `monthly` 0: the model's usual volume; `is_` marks a story."""

    address: str
    model: str
    name: str
    place: str
    monthly: int = 0
    path: str = "agent"
    is_: str = ""


@dataclass(frozen=True, slots=True)
class CustomerFact:
    """A customer with its contract. Prices are per impression: mono, colour."""

    number: str
    name: str
    time_zone: str
    contract: str
    currency: str
    prices: tuple[str, str]
    agent: str
    addresses: tuple[AddressFact, ...]
    people: tuple[PersonFact, ...]
    printers: tuple[PrinterFact, ...]


_A, _P = AddressFact, PersonFact
RECORDED_AT = "Riverside Medical Center"

_CLINICS = (
    _A(RECORDED_AT, "Northwind Clinics, Inc.", "410 Exchange St/Receiving, Dock 2", "Rochester", "NY",
       "14608", "US", "America/New_York", "Dana Whitfield", "+1 585 555 0140", "Dock closes at 3:30 pm"),
    _A("Main St Clinic", "Northwind Clinics, Inc.", "88 Main St E/Suite 200", "Rochester", "NY", "14604",
       "US", "America/New_York", "Maria Alvarez", "+1 585 555 0112"),
    _A("Lakeshore Hospital", "Northwind Clinics, Inc.", "1200 Elmwood Ave/Central Supply, lower level",
       "Buffalo", "NY", "14222", "US", "America/New_York", "Ray Kowalski", "+1 716 555 0177",
       "Ring the bell at Central Supply"),
    _A("Desert Ridge Clinic", "Northwind Clinics, Inc.", "3030 N Central Ave", "Phoenix", "AZ", "85012",
       "US", "America/Phoenix", "Irene Castillo", "+1 602 555 0163"),
)  # fmt: skip

_WORKS = (
    _A("Werk Esslingen", "Rheintal Maschinenbau GmbH", "Neckarstraße 120/Wareneingang, Tor 3",
       "Esslingen am Neckar", "", "73728", "DE", "Europe/Berlin", "Jürgen Weiß", "+49 711 5550 120",
       "Anlieferung 7 bis 15 Uhr"),
    _A("Büro Köln", "Rheintal Maschinenbau GmbH", "Im Mediapark 8/4. Etage", "Köln", "", "50670", "DE",
       "Europe/Berlin", "Sabine Krämer", "+49 221 5550 144"),
    _A("Lager Kehl", "Rheintal Maschinenbau GmbH", "Hafenstraße 19", "Kehl", "", "77694", "DE",
       "Europe/Berlin", "Thomas Bauer", "+49 7851 5550 31"),
)  # fmt: skip

_CAMPUS = (
    _A("Central Receiving", "Maple Ridge University", "1400 Campus Ridge Rd NW/Loading Bay 1", "Calgary",
       "AB", "T2N 2A1", "CA", "America/Edmonton", "Ellen MacLeod", "+1 403 555 0121"),
    _A("Health Sciences Campus", "Maple Ridge University", "77 Foothill Way NW/Room B104", "Calgary", "AB",
       "T2N 4L7", "CA", "America/Edmonton", "Amir Haddad", "+1 403 555 0135"),
    _A("Downtown Campus", "Maple Ridge University", "906 8 Ave SW/Mail room", "Calgary", "AB", "T2P 1H9",
       "CA", "America/Edmonton", "Grace Tremblay", "+1 403 555 0158"),
    _A("Vancouver Centre", "Maple Ridge University", "515 W Hastings St", "Vancouver", "BC", "V6B 5K3",
       "CA", "America/Vancouver", "Kenji Sato", "+1 604 555 0119"),
    _A("Toronto Centre", "Maple Ridge University", "100 Adelaide St W/Floor 9", "Toronto", "ON", "M5H 1S3",
       "CA", "America/Toronto", "Priya Nair", "+1 416 555 0182"),
)  # fmt: skip


def _rows(address: str, table: str) -> tuple[PrinterFact, ...]:
    """Printers of an address from lines of `model | name | place | monthly | path | story`."""
    facts = []
    for line in table.strip().splitlines():
        model, name, place, *rest = (cell.strip() for cell in line.split("|"))
        monthly, path, story = (*rest, "", "", "")[:3]
        facts.append(PrinterFact(address, model, name, place, int(monthly or 0), path or "agent", story))
    return tuple(facts)


NORTHWIND = CustomerFact(
    "480217", "Northwind Clinics", "America/New_York", "C-20114", "USD", ("0.0082", "0.0610"),
    "Print server ROC-PRINT01", _CLINICS,
    (
        _P("maria.alvarez@northwind.example", "Maria Alvarez", "owner"),
        _P("dana.whitfield@northwind.example", "Dana Whitfield", "orderer"),
        _P("ray.kowalski@northwind.example", "Ray Kowalski", "orderer", ("Lakeshore Hospital",)),
        _P("lena.fischer@northwind.example", "Lena Fischer", "reporter"),
        _P("omar.reed@northwind.example", "Omar Reed", "viewer"),
        _P("pat.morgan@fieldservice.example", "Pat Morgan", "orderer"),
    ),
    (
        *_rows("Main St Clinic", """
            Xerox VersaLink C7130 | Front desk | Main entrance, behind the counter
            Xerox VersaLink C505 | Billing | 2nd floor, room 214 | 2300 | direct | below
            Xerox VersaLink B405 | Exam rooms 1–6 | Corridor B
            HP LaserJet Pro M404dn | Pharmacy | Ground floor
            Brother MFC-L6900DW | Lab reception | Ground floor, window 2
            Xerox VersaLink C405 | Physicians' lounge | 3rd floor | 900 | direct
            HP LaserJet Enterprise M507dn | Medical records | Basement, room B03 | | | job
        """),
        *_rows("Lakeshore Hospital", """
            Xerox AltaLink C8045 | Radiology | 1st floor, reading room | | direct
            Xerox AltaLink B8170 | Copy center | Lower level, next to Central Supply | | direct
            Xerox VersaLink C7130 | 2nd floor nurses | Station 2 East
            Xerox VersaLink C7130 | 4th floor nurses | Station 4 West
            HP LaserJet Enterprise M608dn | Admissions | Lobby, desk 3
            Lexmark MX722ade | Emergency triage | Ground floor | | | silent
            Lexmark CX725de | Oncology | 5th floor, room 512
            Brother MFC-L8900CDW | Chaplain's office | 1st floor | 260
        """),
        *_rows("Desert Ridge Clinic", """
            Xerox VersaLink C505 | Reception | Front office
            Xerox WorkCentre 3335 | Nurse station | Hallway | | direct
            HP Color LaserJet Enterprise MFP M577 | Administration | Room 12
            HP LaserJet Pro M404dn | Physical therapy | Building B | 480 | manual | held
        """),
    ),
)  # fmt: skip

RHEINTAL = CustomerFact(
    "611905", "Rheintal Maschinenbau", "Europe/Berlin", "C-30482", "EUR", ("0.0069", "0.0520"),
    "Druckserver ESS-DRUCK", _WORKS,
    (
        _P("juergen.weiss@rheintal.example", "Jürgen Weiß", "owner"),
        _P("sabine.kraemer@rheintal.example", "Sabine Krämer", "orderer"),
        _P("thomas.bauer@rheintal.example", "Thomas Bauer", "reporter", ("Lager Kehl",)),
        _P("pat.morgan@fieldservice.example", "Pat Morgan", "viewer"),
    ),
    (
        *_rows("Werk Esslingen", """
            Konica Minolta bizhub C308 | Konstruktion | Halle 1, Galerie
            Ricoh IM C3500 | Einkauf | Verwaltung, 1. OG
            Ricoh IM C3500 | Buchhaltung | Verwaltung, 2. OG
            Kyocera ECOSYS M3655idn | Versand | Halle 3, Tor 5
            Kyocera ECOSYS M3655idn | Wareneingang | Halle 3, Tor 3
            Kyocera ECOSYS P3145dn | Qualitätssicherung | Messraum
            Kyocera ECOSYS P3145dn | Meisterbüro Fräserei | Halle 2
            Kyocera ECOSYS M6635cidn | Personal | Verwaltung, EG
            Canon imageRUNNER ADVANCE C3525i | Vertrieb | Verwaltung, 3. OG
            Brother HL-L5100DN | Pforte | Haupteingang | 300 | manual
        """),
        *_rows("Büro Köln", """
            Canon imageRUNNER ADVANCE C3525i | Etagendrucker | 4. Etage, Teeküche
            HP Color LaserJet Enterprise M653 | Marketing | Raum 4.12
            HP LaserJet Enterprise M507dn | Empfang | 4. Etage
            Kyocera ECOSYS M6635cidn | Projektbüro | Raum 4.07
        """),
        *_rows("Lager Kehl", """
            Kyocera ECOSYS M3655idn | Lieferscheine | Packtisch 1
            Kyocera ECOSYS P3145dn | Etiketten und Listen | Packtisch 4
            Canon LBP226dw | Büro | Lagerbüro
        """),
    ),
)  # fmt: skip

MAPLE = CustomerFact(
    "530066", "Maple Ridge University", "America/Edmonton", "C-41007", "CAD", ("0.0091", "0.0680"),
    "Print services MRU-PS1", _CAMPUS,
    (
        _P("ellen.macleod@mapleridge.example", "Ellen MacLeod", "owner"),
        _P("amir.haddad@mapleridge.example", "Amir Haddad", "orderer", ("Health Sciences Campus",)),
        _P("grace.tremblay@mapleridge.example", "Grace Tremblay", "orderer"),
        _P("kenji.sato@mapleridge.example", "Kenji Sato", "viewer"),
    ),
    (
        *_rows("Central Receiving", """
            Xerox AltaLink B8170 | Print centre | Library, lower level
            Xerox AltaLink C8045 | Registrar | Administration, floor 1
            HP Color LaserJet Enterprise M653 | Communications | Administration, floor 4
            Xerox VersaLink C7130 | Dean of Arts | Arts Hall, room 410
            Lexmark MS826de | Exam printing | Testing centre | 7200
        """),
        *_rows("Health Sciences Campus", """
            Xerox VersaLink C7130 | Anatomy office | Building B, floor 1
            Xerox VersaLink B7035 | Nursing faculty | Building C, floor 3
            Lexmark CX725de | Student clinic | Building A, floor 1
        """),
        *_rows("Downtown Campus", """
            Xerox VersaLink C505 | Executive education | Floor 6
            HP LaserJet Enterprise M608dn | Conference services | Floor 2
        """),
        *_rows("Vancouver Centre", """
            Ricoh IM C3500 | Reception | Floor 3
            Kyocera ECOSYS M3655idn | Study hall | Floor 4
        """),
        *_rows("Toronto Centre", """
            Canon imageRUNNER ADVANCE C3525i | Front office | Floor 9
            Brother MFC-L6900DW | Advising | Floor 9, room 903
        """),
    ),
)  # fmt: skip

CUSTOMERS = (NORTHWIND, RHEINTAL, MAPLE)
STAFF = PersonFact("support@metered.example", "Sam Okafor", "staff")
