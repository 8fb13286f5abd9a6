"""HP, Lexmark and Brother: printers for desks and small groups."""

from __future__ import annotations

from metered.portal.demo.catalogue.kit import FLAG, ModelFact, four, part, toner

MODELS = (
    ModelFact(
        "HP", "LaserJet MFP M130nw", False, "20201023", "VNCRC#####", 620,
        (toner("1.1", "black", "CF217A", 1_600), part("1.5", "drum", "CF219A", 12_000)),
    ),
    ModelFact(
        "HP", "LaserJet Pro M404dn", False, "002_2408A", "PHBCB#####", 1300,
        (toner("1.1", "black", "CF258X", 10_000),),
    ),
    ModelFact(
        "HP", "LaserJet Enterprise M507dn", False, "2507294_000041", "PHCBR#####", 2600,
        (toner("1.1", "black", "CF289X", 10_000),),
    ),
    ModelFact(
        "HP", "LaserJet Enterprise M608dn", False, "2507294_000049", "CNBCL#####", 6300,
        (toner("1.1", "black", "CF237X", 25_000),),
    ),
    ModelFact(
        "HP", "Color LaserJet Pro M452nw", True, "20210108", "VNBKK#####", 850,
        four("CF410X CF411X CF413X CF412X", 6_500, 5_000),
    ),
    ModelFact(
        "HP", "Color LaserJet Enterprise MFP M577", True, "2507294_000055", "MXBCJ#####", 3100,
        (
            *four("CF360X CF361X CF363X CF362X", 12_500, 9_500),
            part("1.5", "waste", "B5L37A", 54_000, step=FLAG),
        ),
    ),
    ModelFact(
        "HP", "Color LaserJet Enterprise M653", True, "2507294_000060", "JPBCM#####", 5100,
        four("CF460X CF461X CF463X CF462X", 27_000, 22_000),
    ),
    ModelFact(
        "Lexmark", "MS826de", False, "MSTGW.081.231", "4064######", 5400,
        (toner("1.1", "black", "58D1X00", 35_000), part("1.2", "drum", "58D0Z00", 150_000)),
    ),
    ModelFact(
        "Lexmark", "MX722ade", False, "MXTGW.081.231", "7464######", 4100,
        (toner("1.1", "black", "58D1H00", 15_000), part("1.2", "drum", "58D0Z00", 150_000)),
    ),
    ModelFact(
        "Lexmark", "CX725de", True, "CXTAT.081.231", "7528######", 3200,
        (
            *four("84C1HK0 84C1HC0 84C1HM0 84C1HY0", 25_000, 16_000),
            part("1.5", "waste", "74C0W00", 90_000, step=FLAG),
        ),
    ),
    ModelFact(
        "Brother", "MFC-L6900DW", False, "1.36", "U64180G#N######", 1800,
        (toner("1.1", "black", "TN-880", 12_000, step=FLAG), part("1.2", "drum", "DR-820", 30_000)),
    ),
    ModelFact(
        "Brother", "HL-L5100DN", False, "1.55", "E75198K#N######", 700,
        (toner("1.1", "black", "TN-3480", 8_000, step=FLAG), part("1.2", "drum", "DR-3400", 30_000)),
    ),
    ModelFact(
        "Brother", "MFC-L8900CDW", True, "1.71", "U64182H#N######", 1200,
        (
            *four("TN-436BK TN-436C TN-436M TN-436Y", 6_500, 6_500, step=FLAG),
            part("1.5", "drum", "DR-431CL", 30_000),
            part("1.6", "waste", "WT-320CL", 50_000, step=FLAG),
        ),
    ),
)  # fmt: skip
